"""`/sdapi/v1` as clients of A1111's web UI know it: their requests become jobs like all others."""
