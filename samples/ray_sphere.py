"""Spheres in the light: one ray, which hits one of a few spheres or none, for all rays of a picture."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vectorizer import vmap

Vector = npt.NDArray[np.float64]


@vmap(in_axes=(0, None, None, None))
def brightness(ray: Vector, centres: npt.NDArray[np.float64], radii: Vector, light: Vector) -> float:
    # ray: [3], centres: [spheres, 3], radii: [spheres], light: [3]
    nearest = math.inf
    shade = 0.0
    for k in range(len(radii)):
        middle = np.dot(ray, centres[k])  # how far along the ray the centre is
        space = radii[k] ** 2 - np.dot(centres[k], centres[k]) + middle**2
        if space < 0:  # the ray passes by
            continue
        distance = middle - math.sqrt(space)
        if 0 < distance < nearest:
            nearest = distance
            normal = (distance * ray - centres[k]) / radii[k]
            shade = max(np.dot(normal, light), 0.05)
    return shade


centres = np.array([[-1.0, 0.0, 6.0], [1.2, 0.6, 5.0], [0.4, -1.0, 4.5]])
radii = np.array([1.5, 0.9, 0.6])
light = np.array([-0.6, 0.64, -0.48])


def camera(width: int, height: int) -> npt.NDArray[np.float64]:
    """Rays of length 1 from the origin, shape (height * width, 3)."""
    y, x = np.meshgrid(np.linspace(0.45, -0.45, height), np.linspace(-0.6, 0.6, width), indexing="ij")
    rays = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def main() -> None:
    width, height = 72, 27
    rays = camera(width, height)
    shades = brightness(rays, centres, radii, light)
    print(f"{len(rays)} rays, {len(radii)} spheres, {np.count_nonzero(shades)} rays hit one\n")
    print(brightness.source())
    scale = " .:-=+*#%@"
    for row in shades.reshape(height, width):
        print("".join(scale[math.ceil(v * (len(scale) - 1))] for v in row))


if __name__ == "__main__":
    main()
