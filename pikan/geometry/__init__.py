"""Where a problem lives: boxes, their faces and the normals of these."""
