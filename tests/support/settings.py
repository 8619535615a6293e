"""Settings as users have them: the original's config.py, and what Deforum's notebook and extension write."""

ORIGINAL_CONFIG = """FPS=30
width=512
height=512
max_frames=300
seed=1185529623
seed_behavior="iter"
animation_mode="3D"

guidance_scale=2.5
num_inference_steps=50
diffusion_cadence=3
border="warp"
angle="0:(0)"
zoom="0:(0.0)"
translation_x="0:(0)"
translation_y="0:(0.0)"
translation_z="0:(-2.5)"
rotation_3d_x="0:(0)"
rotation_3d_y="0:(0)"
rotation_3d_z="0:(0)"
strength_schedule="0:(0.55)"
color_coherence="Match Frame 0 RGB"
smooth='None'
use_depth_warping=True
midas_weight=0.3
near_plane=200
far_plane=10000
fov=40
padding_mode="border"
sampling_mode="bicubic"
save_depth_maps=False

video_init_path=""
video_same_size=True
extract_nth_frame=1

animation_prompts={
\t"0":"white clouds in a blue sky",
\t"100":"a plane in a blue sky",}

# style of an old master
"""

DEFORUM = {
    "W": 512,
    "H": 448,
    "seed": 42,
    "sampler": "Euler a",
    "steps": 25,
    "scale": 7.5,
    "batch_name": "Deforum",
    "seed_behavior": "iter",
    "seed_iter_N": 1,
    "use_init": True,
    "init_image": "start.png",
    "strength": 0.8,
    "prompts": {"0": "a bunny", "60": "a coconut --neg photo, realistic"},
    "animation_prompts_positive": "painted",
    "animation_prompts_negative": "blurry",
    "animation_mode": "3D",
    "max_frames": 120,
    "border": "replicate",
    "zoom": "0:(1.0025+0.002*sin(1.25*3.14*t/30))",
    "translation_z": "0:(1.75)",
    "strength_schedule": "0: (0.65), 30: (0.3), 60:(0.5+0.1*sin(t)),",
    "noise_schedule": "0: (0.065)",
    "cfg_scale_schedule": "0: (7)",
    "enable_steps_scheduling": False,
    "steps_schedule": "0: (25)",
    "fov_schedule": "0: (70)",
    "near_schedule": "0: (200)",
    "far_schedule": "0: (10000), 10:(5000)",
    "color_coherence": "LAB",
    "color_coherence_image_path": "",
    "diffusion_cadence": "2",
    "optical_flow_cadence": "None",
    "use_depth_warping": True,
    "extract_nth_frame": 1,
    "hybrid_motion": "None",
    "fps": 15,
}
