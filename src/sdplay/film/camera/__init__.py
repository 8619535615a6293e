"""The camera of an animation: warps, depth, optical flow."""
