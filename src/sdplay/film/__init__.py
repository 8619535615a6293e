"""Everything about films; a picture never imports it."""
