//! Least squares by orthogonal columns. Columns that the others already explain are left out.

/// A fit.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    /// One per column; 0 for those left out.
    pub(crate) coefficients: Vec<f64>,
    /// Residual sum of squares.
    pub(crate) rss: f64,
    /// log |X'X| of the columns kept.
    pub(crate) log_det: f64,
    // Columns kept, and the triangle R by rows.
    kept: Vec<usize>,
    r: Vec<Vec<f64>>,
}

impl Fit {
    /// Columns kept.
    pub(crate) fn rank(&self) -> usize {
        self.kept.len()
    }

    /// `g (X'X)^-1 g`: the variance of a linear form, in units of the residual variance.
    pub(crate) fn spread(&self, g: &[f64]) -> f64 {
        // R' u = g, from the top.
        let mut u: Vec<f64> = Vec::with_capacity(self.kept.len());
        for (i, &column) in self.kept.iter().enumerate() {
            let known: f64 = (0..i).map(|k| self.r[k][i] * u[k]).sum();
            u.push((g[column] - known) / self.r[i][i]);
        }
        u.iter().map(|x| x * x).sum()
    }
}

/// Fits `y` by `columns` (each as long as `y`): Gram-Schmidt, twice for its digits.
pub(crate) fn fit(columns: &[Vec<f64>], y: &[f64]) -> Fit {
    let p = columns.len();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(p);
    let (mut kept, mut r): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    let mut log_det = 0.0;
    for (at, column) in columns.iter().enumerate() {
        let mut rest = column.clone();
        let mut along = vec![0.0; basis.len()];
        for _ in 0..2 {
            for (k, direction) in basis.iter().enumerate() {
                let share = dot(direction, &rest);
                along[k] += share;
                subtract(&mut rest, direction, share);
            }
        }
        let (length, whole) = (libm::sqrt(dot(&rest, &rest)), libm::sqrt(dot(column, column)));
        if !(length > 1e-9 * whole) {
            continue;
        }
        for value in &mut rest {
            *value /= length;
        }
        for (row, share) in r.iter_mut().zip(&along) {
            row.push(*share);
        }
        let mut row = vec![0.0; basis.len()];
        row.push(length);
        r.push(row);
        basis.push(rest);
        kept.push(at);
        log_det += 2.0 * libm::log(length);
    }
    let mut residual = y.to_vec();
    let mut shares = vec![0.0; basis.len()];
    for _ in 0..2 {
        for (k, direction) in basis.iter().enumerate() {
            let share = dot(direction, &residual);
            shares[k] += share;
            subtract(&mut residual, direction, share);
        }
    }
    let mut coefficients = vec![0.0; p];
    for i in (0..kept.len()).rev() {
        let known: f64 = (i + 1..kept.len()).map(|k| r[i][k] * coefficients[kept[k]]).sum();
        coefficients[kept[i]] = (shares[i] - known) / r[i][i];
    }
    Fit { coefficients, rss: dot(&residual, &residual), log_det, kept, r }
}

/// Orthonormal columns that span the same.
pub(crate) fn basis(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(columns.len());
    for column in columns {
        let rest = beside(&basis, &beside(&basis, column));
        let (length, whole) = (libm::sqrt(dot(&rest, &rest)), libm::sqrt(dot(column, column)));
        if length > 1e-9 * whole {
            basis.push(rest.iter().map(|v| v / length).collect());
        }
    }
    basis
}

/// What a basis leaves of `x`.
pub(crate) fn beside(basis: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    let mut rest = x.to_vec();
    for direction in basis {
        let share = dot(direction, &rest);
        subtract(&mut rest, direction, share);
    }
    rest
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn subtract(from: &mut [f64], direction: &[f64], share: f64) {
    for (x, d) in from.iter_mut().zip(direction) {
        *x -= share * d;
    }
}
