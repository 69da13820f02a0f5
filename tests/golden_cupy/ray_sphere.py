"""Spheres in the light: one ray, which hits one of a few spheres or none, for all rays of a picture."""

from __future__ import annotations

import math

import cupy as cp
import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


brightness_space_all_2_kernel = cp.ElementwiseKernel(
    "float64 radii, float64 einsum, float64 middle_all_3",
    "float64 result",
    "result = radii * radii - einsum + middle_all_3 * middle_all_3",
    "brightness_space_all_2_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


brightness_taken_kernel = cp.ElementwiseKernel(
    "float64 space",
    "bool result",
    "result = !(space < 0.0)",
    "brightness_taken_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


brightness_distance_taken_kernel = cp.ElementwiseKernel(
    "float64 middle, float64 space",
    "float64 result",
    "result = middle - sqrt(space)",
    "brightness_distance_taken_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


brightness_shade_if_part_kernel = cp.ElementwiseKernel(
    "float64 distance_taken, float64 ray, float64 centres, float64 radii",
    "float64 result",
    "result = (distance_taken * ray - centres) / radii",
    "brightness_shade_if_part_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


def brightness(ray, centres, radii, light):
    assert len(centres) == len(radii) and centres.shape[1] == ray.shape[1] and len(radii) >= 1
    batch = ray.shape[0]
    # ray: [3], centres: [spheres, 3], radii: [spheres], light: [3]
    middle_all_3 = cp.einsum("bc,kc->bk", ray, centres)
    space_all_2 = brightness_space_all_2_kernel(radii, cp.einsum("kc,kc->k", centres, centres), middle_all_3)
    nearest = cp.full(batch, math.inf)
    shade = cp.zeros(batch)
    for k in range(len(radii)):
        middle = middle_all_3[:, k]  # how far along the ray the centre is
        space = space_all_2[:, k]
        taken = brightness_taken_kernel(space)
        distance_taken = brightness_distance_taken_kernel(middle[taken], space[taken])
        taken_2 = (0 < distance_taken) & (distance_taken < nearest[taken])
        shade_if = cp.maximum(
            cp.matmul(
                brightness_shade_if_part_kernel(distance_taken[:, None], ray[taken], centres[k], radii[k]), light
            ),
            0.05,
        )
        shade_taken = cp.where(taken_2, shade_if, shade[taken])
        nearest_2 = nearest.copy()
        nearest_2[taken] = cp.where(taken_2, distance_taken, nearest[taken])
        shade_2 = shade.copy()
        shade_2[taken] = shade_taken
        nearest = nearest_2
        shade = shade_2
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
