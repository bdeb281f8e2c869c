// WeightBinder.swift — tensors by name to weights by role, shapes and types checked on the way.

/// Binds one model's tensors to the roles of its configuration.
struct WeightBinder {
  let table: TensorTable
  let configuration: GPTOSSConfiguration

  /// The tensor `name`, of this shape, or of the other. Outer axes of one element do not count: ggml
  /// drops them when it writes a file again.
  func tensor(
    _ name: String, _ shape: [Int], or other: [Int]? = nil
  ) throws(ModelFileError) -> TensorInfo {
    guard let tensor = table[name] else {
      throw .tensorMissing(path: table.path, tensor: name)
    }
    let found = tensor.shape.drop { $0 == 1 }
    guard found == shape.drop(while: { $0 == 1 }) || found == other?.drop(while: { $0 == 1 }) else {
      throw .tensorShape(
        path: tensor.bytes.file.path, tensor: name, expected: shape, found: tensor.shape)
    }
    return tensor
  }

  /// The tensor `name` as a matrix of (other axes, last axis of `shape`).
  func matrix(_ name: String, _ shape: Int...) throws(ModelFileError) -> WeightMatrix {
    let tensor = try tensor(name, shape)
    guard let format = tensor.type.format, let columns = shape.last else {
      throw wrongType(tensor, WeightFormat.allCases.filter { $0 != .mxfp4Split })
    }
    return WeightMatrix(tensor, format: format, columns: columns)
  }

  /// The tensor `name` as a vector, whatever axes it has.
  func vector(_ name: String, _ shape: Int...) throws(ModelFileError) -> WeightVector {
    let tensor = try tensor(name, shape)
    guard let format = tensor.type.format, format.isDense else {
      throw wrongType(tensor, WeightFormat.allCases.filter(\.isDense))
    }
    return WeightVector(tensor, format: format)
  }

  /// Each expert's (rows, columns) matrix from MXFP4 as Hugging Face and OpenAI store it: `blocks`
  /// (experts, rows, columns / 32, 16) and `scales` (experts, rows, columns / 32).
  func mxfp4Experts(
    blocks: String, scales: String, rows: Int, columns: Int
  ) throws(ModelFileError) -> [WeightMatrix] {
    let expertCount = configuration.expertCount
    guard columns.isMultiple(of: 32) else {
      throw .rowNotInBlocks(
        path: table.path, tensor: blocks, columns: columns, blockElementCount: 32)
    }
    let blocks = try tensor(blocks, [expertCount, rows, columns / 32, 16])
    let scales = try tensor(scales, [expertCount, rows, columns / 32])
    for tensor in [blocks, scales] where tensor.type.name != "U8" {
      throw .tensorType(
        path: tensor.bytes.file.path, tensor: tensor.name, expected: ["U8"],
        found: tensor.type.name)
    }
    let matrix = WeightMatrix(
      name: blocks.name, format: .mxfp4Split, rows: expertCount * rows, columns: columns,
      bytes: blocks.bytes, rowStride: columns / 2, columnStride: 0, scales: scales.bytes,
      scaleRowStride: columns / 32)
    return perExpert(matrix)
  }

  /// A dense tensor of all experts' matrices in turn, each (rows, columns).
  func denseExperts(
    _ name: String, rows: Int, columns: Int
  ) throws(ModelFileError) -> [WeightMatrix] {
    perExpert(try matrix(name, configuration.expertCount, rows, columns))
  }

  /// A matrix that has all experts' rows in turn, cut into one for each.
  private func perExpert(_ matrix: WeightMatrix) -> [WeightMatrix] {
    let rows = matrix.rows / configuration.expertCount
    return (0..<configuration.expertCount).map { matrix.rows(from: $0 * rows, count: rows) }
  }

  /// Experts whose gate and up rows take turns, gate first. Per expert `gateUps` has a
  /// (2 intermediate, hidden) and `downs` a (hidden, intermediate) matrix; the biases hold all
  /// experts in turn.
  func interleavedExperts(
    gateUps: [WeightMatrix], gateUpBias: WeightVector, downs: [WeightMatrix],
    downBias: WeightVector
  ) -> [ExpertWeights] {
    let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
    return zip(gateUps, downs).enumerated().map { expert, matrices in
      let (gateUp, down) = matrices
      let first = expert * 2 * intermediate
      return ExpertWeights(
        gate: gateUp.rows(from: 0, count: intermediate, step: 2),
        up: gateUp.rows(from: 1, count: intermediate, step: 2),
        down: down,
        gateBias: gateUpBias.elements(from: first, count: intermediate, step: 2),
        upBias: gateUpBias.elements(from: first + 1, count: intermediate, step: 2),
        downBias: downBias.elements(from: expert * hidden, count: hidden))
    }
  }

  private func wrongType(_ tensor: TensorInfo, _ expected: [WeightFormat]) -> ModelFileError {
    .tensorType(
      path: tensor.bytes.file.path, tensor: tensor.name, expected: expected.map(\.rawValue),
      found: tensor.type.name)
  }
}

/// Each layer in turn; a loop, since `map` does not carry a typed error through.
func eachLayer(
  _ count: Int, _ layer: (Int) throws(ModelFileError) -> LayerWeights
) throws(ModelFileError) -> [LayerWeights] {
  var layers: [LayerWeights] = []
  for index in 0..<count { layers.append(try layer(index)) }
  return layers
}
