from kehu_kernel import migrations
from kehu_service_desk.db import Base

migrations.run(Base.metadata)
