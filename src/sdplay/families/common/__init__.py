"""What every Stable Diffusion shares."""
