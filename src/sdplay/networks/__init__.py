"""The networks of Stable Diffusion in plain PyTorch: U-Net, VAE, CLIP text encoder, ControlNet, and CLIP's tokenizer.

Each is built from the configuration in a diffusers folder, has the names of its weights, and does the operations of the
published code in their order, so that its bits are those of diffusers and transformers.
"""
