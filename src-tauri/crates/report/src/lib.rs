//! Charts and documents: PDF, HTML, XLSX, CSV.
