"""Service requests (服务请求): from the customer's call over dispatch and handling to the close."""
