"""The mathematics of denoising, on torch alone."""
