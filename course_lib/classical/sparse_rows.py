"""A matrix of which only the entries that are not zero are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class SparseRows:
    """Rows of numbers, most of them zero, in compressed form.

    The entries of row i are those from ``starts[i]`` up to ``starts[i + 1]``. (Other libraries
    call this form CSR.)

    Attributes:
        starts: [n_rows + 1], where each row begins in the two other arrays.
        columns: [n_entries], the column of each entry, rising within a row.
        values: [n_entries].
        n_columns: number of columns, zeros included.

    Raises:
        ValueError: the arrays do not fit together.
    """

    starts: Int[np.ndarray, " rows_and_1"]
    columns: Int[np.ndarray, " entries"]
    values: Float[np.ndarray, " entries"]
    n_columns: int

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.values) or self.starts[-1] != len(self.values):
            raise ValueError(
                f"columns has {len(self.columns)} entries, values {len(self.values)} and starts "
                f"ends with {self.starts[-1]}; the three must be equal"
            )

    @classmethod
    def from_dicts(cls, rows: Sequence[Mapping[int, float]], n_columns: int) -> SparseRows:
        """Make the matrix of rows that map columns to values."""
        starts = np.cumsum([0, *(len(row) for row in rows)])
        ordered = [(column, row[column]) for row in rows for column in sorted(row)]
        return cls(
            starts,
            np.array([column for column, _ in ordered], dtype=np.int64),
            np.array([value for _, value in ordered], dtype=np.float64),
            n_columns,
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    @property
    def row_numbers(self) -> Int[np.ndarray, " entries"]:
        """The row of each entry."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.starts))

    def row(self, index: int) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """Return the columns and the values of one row."""
        here = slice(self.starts[index], self.starts[index + 1])
        return self.columns[here], self.values[here]

    def with_values(self, values: Float[np.ndarray, " entries"]) -> SparseRows:
        """Return the same places with other values."""
        return SparseRows(self.starts, self.columns, values, self.n_columns)

    def normalized(self, norm: str) -> SparseRows:
        """Divide each row by its length ("l2") or by its sum of sizes ("l1"); rows of zeros stay.

        Any other `norm` leaves everything as it is.
        """
        if norm not in ("l1", "l2"):
            return self
        rows = self.row_numbers
        sizes = np.abs(self.values) if norm == "l1" else self.values**2
        totals = np.bincount(rows, weights=sizes, minlength=self.n_rows)
        if norm == "l2":
            totals = np.sqrt(totals)
        return self.with_values(self.values / np.where(totals == 0, 1.0, totals)[rows])

    def transposed(self) -> SparseRows:
        """Return the matrix with rows and columns exchanged."""
        order = np.argsort(self.columns, kind="stable")
        counts = np.bincount(self.columns, minlength=self.n_columns)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return SparseRows(starts, self.row_numbers[order], self.values[order], self.n_rows)

    def dense(self) -> Float[np.ndarray, "rows columns"]:
        """Return the whole matrix, zeros included: [n_rows n_columns]."""
        result = np.zeros((self.n_rows, self.n_columns))
        result[self.row_numbers, self.columns] = self.values
        return result
