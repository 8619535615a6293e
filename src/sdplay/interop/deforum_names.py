"""What Deforum calls its settings, and which of them mean the same here."""

from __future__ import annotations

# Names that no settings of ours have; three of them tell whose settings these are.
MARKS = frozenset(
    [
        "W",
        "H",
        "scale",
        "batch_name",
        "use_init",
        "sd_model_name",
        "cfg_scale",
        "sd_model_hash",
        "timestring",
        "resume_timestring",
        "strength_0_no_init",
        "use_mask",
        "invert_mask",
        "mask_file",
        "overwrite_extracted_frames",
        "seed_enable_extras",
        "tiling",
        "ddim_eta",
        "init_images",
        "animation_prompts_positive",
        "animation_prompts_negative",
        "optical_flow_cadence",
        "reroll_blank_frames",
        "save_settings",
        "n_batch",
        "dynamic_threshold",
    ]
)
ENOUGH_MARKS = 3

SAME = frozenset(
    [
        "animation_mode",
        "angle",
        "zoom",
        "translation_x",
        "translation_y",
        "translation_z",
        "transform_center_x",
        "transform_center_y",
        "rotation_3d_x",
        "rotation_3d_y",
        "rotation_3d_z",
        "seed_behavior",
        "seed_schedule",
        "noise_schedule",
        "contrast_schedule",
        "kernel_schedule",
        "sigma_schedule",
        "amount_schedule",
        "threshold_schedule",
        "color_coherence",
        "midas_weight",
        "near_plane",
        "far_plane",
        "fov",
        "fov_schedule",
        "use_depth_warping",
        "padding_mode",
        "sampling_mode",
        "save_depth_maps",
        "video_init_path",
    ]
)
RENAMED = {
    "fps": "FPS",
    "scale": "guidance_scale",
    "cfg_scale": "guidance_scale",
    "cfg_scale_schedule": "guidance_schedule",
    "color_coherence_image_path": "color_image",
}
PLANES = {"near_schedule": "near_plane", "far_schedule": "far_plane"}
# Whole numbers that some files write as text, and what they are called here.
COUNTS = {
    "width": "width",
    "height": "height",
    "W": "width",
    "H": "height",
    "steps": "num_inference_steps",
    "max_frames": "max_frames",
    "seed_iter_N": "seed_iter_N",
    "diffusion_cadence": "diffusion_cadence",
    "extract_nth_frame": "extract_nth_frame",
    "extract_from_frame": "extract_from_frame",
    "extract_to_frame": "extract_to_frame",
}
# Words for every frame, before and after its own: of the web UI's extension, and of its successor.
ALWAYS = ("animation_prompts_positive", "positive_prompts")
NEVER = ("animation_prompts_negative", "negative_prompts")
