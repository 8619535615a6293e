"""What a newcomer writes with diffusers, as a whole process: `python stock_script.py FOLDER STEPS SIDE FILE`."""

# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false

import sys

from diffusers import StableDiffusionPipeline

folder, steps, side, file = sys.argv[1:]
pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
pipe.set_progress_bar_config(disable=True)
image = pipe(
    "a red apple, 3d render",
    num_inference_steps=int(steps),
    width=int(side),
    height=int(side),
    guidance_scale=3.0,
).images[0]
image.save(file)
