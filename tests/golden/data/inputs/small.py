FPS=12
width=64
height=64
max_frames=300
seed=11
animation_mode='3D'
guidance_scale=2.5
num_inference_steps=2
diffusion_cadence=2
translation_z='0:(-2.5)'
animation_prompts={
	'0': 'clouds',}
