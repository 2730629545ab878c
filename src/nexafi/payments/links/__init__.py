"""Payment links: a page by which somebody pays who has nothing but its address."""
