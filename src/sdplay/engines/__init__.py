"""Where the networks run: devices, offload, little memory."""
