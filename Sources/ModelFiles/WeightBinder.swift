// WeightBinder.swift — tensors by name to weights by role, shapes and types checked on the way.

/// Binds one model's tensors to the roles of its configuration.
struct WeightBinder {
  let table: TensorTable
  let configuration: GPTOSSConfiguration

  /// The tensor `name`, of exactly this shape.
  func tensor(_ name: String, _ shape: [Int]) throws(ModelFileError) -> TensorInfo {
    guard let tensor = table[name] else {
      throw .tensorMissing(path: table.path, tensor: name)
    }
    guard tensor.shape == shape else {
      throw .tensorShape(
        path: tensor.bytes.file.path, tensor: name, expected: shape, found: tensor.shape)
    }
    return tensor
  }

  /// The tensor `name` as a matrix whose columns are the last axis of `shape`.
  func matrix(_ name: String, _ shape: Int...) throws(ModelFileError) -> WeightMatrix {
    try matrix(tensor(name, shape))
  }

  func matrix(_ tensor: TensorInfo) throws(ModelFileError) -> WeightMatrix {
    guard let format = tensor.type.format, let columns = tensor.shape.last else {
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

  /// MXFP4 as Hugging Face and OpenAI store it, all experts' rows one below the other:
  /// `blocks` (experts, rows, columns / 32, 16) and `scales` (experts, rows, columns / 32).
  func mxfp4Matrix(
    blocks: String, scales: String, rows: Int, columns: Int
  ) throws(ModelFileError) -> WeightMatrix {
    let expertCount = configuration.expertCount
    let blocks = try tensor(blocks, [expertCount, rows, columns / 32, 16])
    let scales = try tensor(scales, [expertCount, rows, columns / 32])
    for tensor in [blocks, scales] where tensor.type.name != "U8" {
      throw .tensorType(
        path: tensor.bytes.file.path, tensor: tensor.name, expected: ["U8"],
        found: tensor.type.name)
    }
    return WeightMatrix(
      name: blocks.name, format: .mxfp4Split, rows: expertCount * rows, columns: columns,
      bytes: blocks.bytes, rowStride: columns / 2, columnStride: 0, scales: scales.bytes,
      scaleRowStride: columns / 32)
  }

  /// Experts from matrices and biases that hold all of them in turn, gate and up rows interleaved:
  /// `gateUp` (experts · 2 intermediate, hidden), `down` (experts · hidden, intermediate),
  /// `gateUpBias` (experts · 2 intermediate,), `downBias` (experts · hidden,).
  func interleavedExperts(
    gateUp: WeightMatrix, gateUpBias: WeightVector, down: WeightMatrix, downBias: WeightVector
  ) -> [ExpertWeights] {
    let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
    return (0..<configuration.expertCount).map { expert in
      let first = expert * 2 * intermediate
      return ExpertWeights(
        gate: gateUp.rows(from: first, count: intermediate, step: 2),
        up: gateUp.rows(from: first + 1, count: intermediate, step: 2),
        down: down.rows(from: expert * hidden, count: hidden),
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
