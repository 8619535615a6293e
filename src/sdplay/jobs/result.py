"""Pictures in memory, as a notebook shows them."""

from __future__ import annotations

import base64
import html

from sdplay.images.picture import Picture
from sdplay.requests.stills import Still, prompt_of


def caption(picture: Picture) -> str:
    request = picture.recipe.request
    if isinstance(request, Still):
        return f"{prompt_of(picture.recipe, picture.index).prompt} (seed {picture.seed})"
    return f"{request.mode}, frame {picture.index}"


class Pictures(list[Picture]):
    """Pictures that show themselves side by side in a notebook."""

    def _repr_html_(self) -> str:
        def figure(picture: Picture) -> str:
            data = base64.b64encode(picture._repr_png_()).decode()
            words = html.escape(caption(picture))
            return f'<img src="data:image/png;base64,{data}" alt="{words}" title="{words}">'

        return " ".join(map(figure, self))
