"""The film that `python run.py --mode animate` makes. The values are read from here; nothing in this file is ever run.

Values that change over the film are written as frame:(value), with commas between them, and go in a line from one to
the next: "0:(0), 30:(20)". A value may be arithmetic with t, the number of the frame: "0:(2*sin(t/10))".
`sdplay plan animate --config animation_mode/config.py` shows what comes of them, frame by frame.
"""

# The film: frames a second, size in pixels, and how many frames.
FPS = 30
width = 512
height = 512
max_frames = 300

# The seed of the first drawn frame, and that of the next: iter, fixed, random, ladder, alternate, schedule.
seed = 1185529623
seed_behavior = "iter"

# 2D turns and zooms a flat picture, 3D moves a camera through it, Video Input draws a clip anew.
animation_mode = "3D"

# How strictly words are followed, steps for a drawn frame, and every how many frames one is drawn.
guidance_scale = 2.5
num_inference_steps = 50
diffusion_cadence = 3

# 2D: what comes in at the edges (wrap, replicate, reflection, zeros); degrees counter-clockwise and the factor of the
# zoom, both for each frame.
border = "replicate"
angle = "0:(0)"
zoom = "0:(1.0)"

# 2D and 3D: pixels for each frame; z goes into the picture.
translation_x = "0:(0)"
translation_y = "0:(0)"
translation_z = "0:(-2.5)"

# 3D: degrees for each frame.
rotation_3d_x = "0:(0)"
rotation_3d_y = "0:(0)"
rotation_3d_z = "0:(0)"

# How much a drawn frame may change: 0 is moved only, 1 is a new picture. Then: keep the colours of the first frame.
strength_schedule = "0:(0.55)"
color_coherence = "Match Frame 0 RGB"
smooth = "None"

# 3D: whether near things move more, and through which lens.
use_depth_warping = True
midas_weight = 0.3
near_plane = 200
far_plane = 10000
fov = 40
padding_mode = "border"
sampling_mode = "bicubic"
save_depth_maps = False

# Video Input: the clip, whether frames come back at its size, and every how many of its frames one is taken.
video_init_path = ""
video_same_size = True
extract_nth_frame = 1

# Words by the frame they begin at.
animation_prompts = {
    "0": "white clouds in a blue sky",
    "100": "a plane in a blue sky",
}
