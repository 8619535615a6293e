"""What a dozen lines make of FastAPI and stock diffusers: `python stock_server.py FOLDER STEPS SIDE PORT`."""

# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false

import io
import sys
from threading import Lock

import uvicorn
from diffusers import StableDiffusionPipeline
from fastapi import FastAPI, Response

folder, steps, side, port = sys.argv[1:]
pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
pipe.set_progress_bar_config(disable=True)
app, one_at_a_time = FastAPI(), Lock()


@app.post("/draw")
def draw(prompt: str) -> Response:
    with one_at_a_time:
        image = pipe(
            prompt, num_inference_steps=int(steps), width=int(side), height=int(side), guidance_scale=3.0
        ).images[0]
    content = io.BytesIO()
    image.save(content, "PNG")
    return Response(content.getvalue(), media_type="image/png")


uvicorn.run(app, port=int(port), log_level="warning")
