from kehu_kernel import migrations
from kehu_marketing.db import Base

migrations.run(Base.metadata)
