from kehu_customer.db import Base
from kehu_kernel import migrations

migrations.run(Base.metadata)
