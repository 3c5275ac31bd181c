"""Product files (产品档案): the products in customers' hands, with warranty and maintenance."""
