/** Directions that hold the outputs of a linear map, in double precision. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/**
 * Returns orthonormal directions that hold the outputs of `matrix * x + constant`, one per row.
 *
 * They are the left singular vectors of the largest singular values, in falling order, and the part of the constant
 * outside of these, so that the constant is held exactly. The largest component of each is positive.
 *
 * The arithmetic is additions, multiplications, divisions and square roots in a fixed order, whose results IEEE 754
 * defines exactly: every machine builds the same bytes.
 */
export function outputDirections(matrix: Matrix, constant: Matrix, count: number): Matrix {
  const { eigenvectorMatrix } = new EigenvalueDecomposition(matrix.mmul(matrix.transpose()), { assumeSymmetric: true });
  const { rows, columns } = eigenvectorMatrix;
  // By rising eigenvalue, one per column.
  const singular = eigenvectorMatrix
    .subMatrix(0, rows - 1, columns - (count - 1), columns - 1)
    .flipRows()
    .transpose();
  const directions = Matrix.zeros(count, rows);
  directions.setSubMatrix(singular, 0, 0);
  let rest = constant;
  // Twice, because the first time leaves rounding errors of the size of the constant.
  for (let pass = 0; pass < 2; pass++) {
    rest = Matrix.sub(rest, singular.transpose().mmul(singular.mmul(rest)));
  }
  directions.setRow(count - 1, rest.mul(1 / rest.norm()).to1DArray());
  for (let row = 0; row < count; row++) {
    const largest = directions
      .getRow(row)
      .reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (largest < 0) directions.mulRow(row, -1);
  }
  return directions;
}
