FPS=30
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
	"0":"white clouds in a blue sky",
	"100":"a plane in a blue sky",}

# style of an old master
