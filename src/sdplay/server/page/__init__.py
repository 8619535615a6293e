"""The page: what a browser shows of the service. Its parts are in `static`, as they are written."""
