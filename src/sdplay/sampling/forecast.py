"""Steps at which the network is not asked: what it would say is forecast from what it said before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from torch import Tensor

from sdplay.sampling.denoiser import Denoiser, step_of


class ForecastDenoiser:
    """A denoiser that is asked at the `computed` steps of one run through the levels `sigmas`, and forecast at others.

    The forecast goes straight on through the last two answers, as in the method of Adams and Bashforth; what is drawn
    on is the noise that is predicted, (x − x0) / sigma, which changes slowly along a run without new noise. Where the
    sampler adds noise (`renoised`) that is other noise at each step, and x0 itself is drawn on. Polynomials of higher
    degree, fitted to all answers (Chebyshev, as in Spectrum), were measured and are worse here: see ADR 15.
    """

    def __init__(
        self, inner: Denoiser, sigmas: Sequence[float], computed: Collection[int], *, renoised: bool = False
    ) -> None:
        self.inner, self.sigmas, self.computed, self.renoised = inner, sigmas, frozenset(computed), renoised
        self._said: list[tuple[int, Tensor]] = []  # the last two answers, with the steps of them

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        step = step_of(self.sigmas, sigma)
        if step in self.computed or not self._said:
            x0 = self.inner(x, sigma)
            self._said = [one for one in self._said if one[0] != step][-1:]
            self._said.append((step, x0 if self.renoised else (x - x0) / sigma))
            return x0
        forecast = self._forecast(step)
        return forecast if self.renoised else x - sigma * forecast

    def _forecast(self, step: int) -> Tensor:
        (last, said), (before, said_before) = self._said[-1], self._said[0]
        if last == before:
            return said
        return said + (said - said_before) * ((step - last) / (last - before))
