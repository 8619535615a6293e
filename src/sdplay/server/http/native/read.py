"""The settings in a picture that a client has."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from sdplay.core.errors import BadRequest
from sdplay.server.http.native.context import ServiceHere, at_leisure
from sdplay.server.reading import Settings, settings_of_bytes

router = APIRouter(tags=["pictures"])


@router.post("/read")
async def read_settings(
    service: ServiceHere, file: Annotated[UploadFile, File(description="A picture of any program.")]
) -> Settings:
    """How a picture was made, as a job for this service, and what of it has no meaning here. It is not kept."""

    def read() -> Settings:
        content = file.file.read(service.limits.upload + 1)
        if len(content) > service.limits.upload:
            raise BadRequest(f"is larger than {service.limits.upload // 2**20} MB", field="file")
        return settings_of_bytes(service, content)

    return await at_leisure(read)
