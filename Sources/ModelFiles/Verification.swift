// Verification.swift — looks for numbers that are none: NaN and infinity where a weight should be.
//
// Damage of this kind passes every check of names and shapes, and then spoils every answer. Opening
// a model looks through its small tensors only (norms, biases, sinks, routers: some 40 MB of 20b),
// since reading all 14 GB would take as long as the disk does; `verify()` looks through everything.

extension GPTOSSCheckpoint {
  /// Tensors of up to this many bytes are looked through when the model is opened.
  public static let checkedBytesMax = 1 << 20

  /// Reads every weight that the model uses and throws at the first that is not a number: a NaN or
  /// infinity of a dense type, such a scale of a quantised block, or the MXFP4 scale 255, which
  /// means NaN. Takes as long as reading the files.
  public func verify() throws(ModelFileError) {
    for tensor in boundTensors { try tensor.expectNumbers() }
  }

  /// The part of ``verify()`` that is done on opening.
  func verifySmallTensors() throws(ModelFileError) {
    for tensor in boundTensors where tensor.bytes.count <= Self.checkedBytesMax {
      try tensor.expectNumbers()
    }
  }

  /// The tensors that `weights` has views of, in the order of files and bytes.
  var boundTensors: [TensorInfo] {
    let order = Dictionary(
      tensors.files.enumerated().map { (ObjectIdentifier($1), $0) }, uniquingKeysWith: min)
    func place(_ tensor: TensorInfo) -> (Int, Int) {
      (order[ObjectIdentifier(tensor.bytes.file)] ?? 0, tensor.bytes.offset)
    }
    return weights.tensorNames.compactMap { tensors[$0] }.sorted { place($0) < place($1) }
  }
}

extension GPTOSSWeights {
  /// The names of all tensors that the views lie in. An expert's tensors hold its layer's others.
  fileprivate var tensorNames: Set<String> {
    var matrices = [embedding, unembedding]
    var vectors = [outputNorm]
    for layer in layers {
      matrices += [layer.query, layer.key, layer.value, layer.attentionOutput, layer.router]
      vectors += [layer.attentionNorm, layer.queryBias, layer.keyBias, layer.valueBias]
      vectors += [layer.attentionOutputBias, layer.sinks, layer.mlpNorm, layer.routerBias]
      guard let expert = layer.experts.first else { continue }
      matrices += [expert.gate, expert.up, expert.down]
      vectors += [expert.gateBias, expert.upBias, expert.downBias]
    }
    var names = Set(matrices.map(\.name)).union(vectors.map(\.name))
    for matrix in matrices where matrix.scales != nil { names.insert(matrix.scalesName) }
    return names
  }
}

extension WeightMatrix {
  /// The tensor that `scales` lie in: blocks and scales have one name but for the last word.
  var scalesName: String { String(name.dropLast("blocks".count)) + "scales" }
}

extension TensorInfo {
  /// MXFP4 scales in a tensor of their own, one byte each.
  var isScales: Bool { type.name == "U8" && name.hasSuffix("scales") }

  fileprivate func expectNumbers() throws(ModelFileError) {
    let bytes = bytes.pointer
    if isScales {
      if let index = bytes.firstIndex(of: 255) { throw notANumber(element: index) }
      return
    }
    guard let format = type.format else { return }
    let block: Int?
    switch format {
    case .f32:
      block = Self.firstUnit(bytes.count / 4) {
        bytes.word32(at: 4 * $0) & 0x7F80_0000 == 0x7F80_0000
      }
    case .bf16:
      block = Self.firstUnit(bytes.count / 2) { bytes.word16(at: 2 * $0) & 0x7F80 == 0x7F80 }
    case .f16:
      block = Self.firstUnit(bytes.count / 2) { bytes.isNoHalf(at: 2 * $0) }
    case .q4_0, .q5_0, .q8_0:
      let width = format.blockBytes
      block = Self.firstUnit(bytes.count / width) { bytes.isNoHalf(at: width * $0) }
    case .q4_1, .q5_1, .q4_K, .q5_K:
      let width = format.blockBytes
      block = Self.firstUnit(bytes.count / width) {
        bytes.isNoHalf(at: width * $0) || bytes.isNoHalf(at: width * $0 + 2)
      }
    case .q6_K:
      block = Self.firstUnit(bytes.count / 210) { bytes.isNoHalf(at: 210 * $0 + 208) }
    case .mxfp4: block = Self.firstUnit(bytes.count / 17) { bytes[17 * $0] == 255 }
    case .mxfp4Split: block = nil
    }
    if let block { throw notANumber(element: block * format.blockElementCount) }
  }

  /// The first of `count` units that fails. Whole runs are tried first, without a branch for each.
  private static func firstUnit(_ count: Int, isBad: (Int) -> Bool) -> Int? {
    let run = 4_096
    for start in stride(from: 0, to: count, by: run) {
      let end = min(count, start + run)
      var bad = 0
      for index in start..<end { bad |= isBad(index) ? 1 : 0 }
      if bad != 0 { return (start..<end).first(where: isBad) }
    }
    return nil
  }

  /// `element` counts in the tensor's row-major order.
  private func notANumber(element: Int) -> ModelFileError {
    var place: [Int] = []
    var rest = element
    for extent in shape.reversed() {
      place.append(rest % extent)
      rest /= extent
    }
    return .notANumber(path: bytes.file.path, tensor: name, place: place.reversed())
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the float16 at `offset` is infinite or NaN.
  fileprivate func isNoHalf(at offset: Int) -> Bool { word16(at: offset) & 0x7C00 == 0x7C00 }
}
