"""Time-marching by adaptive space-time slabs."""
