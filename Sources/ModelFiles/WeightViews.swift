// WeightViews.swift — views of views: some rows, every second row, rows for columns.
//
// All layouts are built from these. The arithmetic cannot overflow: a view starts as a tensor whose
// bytes lie in a mapped file, and every step stays inside it.

extension WeightMatrix {
  /// The whole of `tensor`, its last axis as columns, all others as rows.
  init(_ tensor: TensorInfo, format: WeightFormat, columns: Int) {
    let rowBytes = columns / format.blockElementCount * format.blockBytes
    self.init(
      name: tensor.name, format: format, rows: rowBytes > 0 ? tensor.bytes.count / rowBytes : 0,
      columns: columns, bytes: tensor.bytes, rowStride: rowBytes,
      columnStride: format.isDense ? format.blockBytes : 0)
  }

  /// `count` rows from row `start` on, each `step` below the one before.
  func rows(from start: Int, count: Int, step: Int = 1) -> WeightMatrix {
    precondition(start >= 0 && count > 0 && step > 0 && start + (count - 1) * step < rows)
    func part(_ whole: MappedBytes, stride: Int, lastRowBytes: Int) -> MappedBytes {
      MappedBytes(
        file: whole.file, offset: whole.offset + start * stride,
        count: (count - 1) * step * stride + lastRowBytes)
    }
    let scaleRowBytes = columns / format.blockElementCount
    return WeightMatrix(
      name: name, format: format, rows: count, columns: columns,
      bytes: part(bytes, stride: rowStride, lastRowBytes: rowSpan), rowStride: rowStride * step,
      columnStride: columnStride,
      scales: scales.map { part($0, stride: scaleRowStride, lastRowBytes: scaleRowBytes) },
      scaleRowStride: scaleRowStride * step)
  }

  /// Rows for columns. Dense formats only: a block cannot be turned.
  func transposed() -> WeightMatrix {
    precondition(format.isDense)
    return WeightMatrix(
      name: name, format: format, rows: columns, columns: rows, bytes: bytes,
      rowStride: columnStride, columnStride: rowStride)
  }

  /// From the first byte of a row to its last.
  private var rowSpan: Int {
    format.isDense
      ? (columns - 1) * columnStride + format.blockBytes
      : columns / format.blockElementCount * format.blockBytes
  }
}

extension WeightVector {
  /// The whole of `tensor` in one line.
  init(_ tensor: TensorInfo, format: WeightFormat) {
    self.init(
      name: tensor.name, format: format, count: tensor.bytes.count / format.blockBytes,
      bytes: tensor.bytes, stride: format.blockBytes)
  }

  /// `count` elements from `start` on, each `step` after the one before.
  func elements(from start: Int, count: Int, step: Int = 1) -> WeightVector {
    precondition(start >= 0 && count > 0 && step > 0 && start + (count - 1) * step < self.count)
    return WeightVector(
      name: name, format: format, count: count,
      bytes: MappedBytes(
        file: bytes.file, offset: bytes.offset + start * stride,
        count: (count - 1) * step * stride + format.blockBytes),
      stride: stride * step)
  }
}
