from kehu_analytics.db import Base
from kehu_kernel import migrations

migrations.run(Base.metadata)
