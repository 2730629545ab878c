"""RabbitMQ: the bus between processes and machines. Imported only where one is set."""
