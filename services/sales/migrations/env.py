from kehu_kernel import migrations
from kehu_sales.db import Base

migrations.run(Base.metadata)
