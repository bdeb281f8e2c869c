// KernelPass+Experts.swift — the mixture of experts: route, gather by expert, two matrices, add up.

import ModelFiles

/// The slots of one expert, next to each other.
private struct ExpertGroup: Sendable {
  let expert: PreparedExpert
  let slots: Range<Int>
}

/// Which token of a chunk goes to which expert, sorted by expert.
private struct SlotPlan: Sendable {
  var groups: [ExpertGroup] = []
  /// Per slot, the token.
  var tokens: [Int] = []
  /// Per token, in order of rank: the slot, and the weight of its output.
  var parts: [[(slot: Int, weight: Float)]]

  init(_ routings: [Routing], experts: [PreparedExpert]) {
    parts = routings.map { $0.weights.map { (0, $0) } }
    for (index, expert) in experts.enumerated() {
      let first = tokens.count
      for (token, routing) in routings.enumerated() {
        guard let rank = routing.experts.firstIndex(of: index) else { continue }
        parts[token][rank].slot = tokens.count
        tokens.append(token)
      }
      if tokens.count > first {
        groups.append(ExpertGroup(expert: expert, slots: first..<tokens.count))
      }
    }
  }
}

extension KernelPass {
  /// Experts that are asked for at once, where memory does not hold them.
  private static let fetchedGroupCountMax = 16

  /// One layer's experts for the chunk in the workspace, added to the residual stream.
  func applyExperts(_ layer: PreparedLayer, count: Int) {
    let hidden = model.configuration.hiddenSize
    normalize(0..<count, gain: layer.mlpNorm)
    let router = [
      Product(matrix: layer.router, bias: layer.routerBias, out: space.routerLogits)
    ]
    multiply(router, x: space.normed, xWidth: hidden, count: count)
    let plan = SlotPlan(route(count), experts: layer.experts)
    // A long prompt needs most experts, which come in order by themselves.
    if paging.isPaging, plan.groups.count <= Self.fetchedGroupCountMax {
      plan.groups.forEach { $0.expert.fetch() }
    }
    let isPacked = layer.hasPackedExperts
    widen(plan, gather(plan, isPacked))
    narrow(plan, isPacked)
    combine(plan, count: count)
  }

  private func route(_ count: Int) -> [Routing] {
    let experts = model.configuration.expertCount
    return (0..<count).map { row in
      Routing(
        logits: UnsafeBufferPointer(start: space.routerLogits.base + row * experts, count: experts),
        count: model.configuration.expertsPerToken)
    }
  }

  /// Each expert's inputs, next to each other.
  private func gather(_ plan: SlotPlan, _ isPacked: Bool) -> [Operand] {
    let (space, hidden) = (space, model.configuration.hiddenSize)
    guard isPacked else {
      pool.run(plan.tokens.count) { slot, _ in
        (space.slotInputs.base + slot * hidden).update(
          from: space.normed.base + plan.tokens[slot] * hidden, count: hidden)
      }
      return plan.groups.map { group in
        .floats(
          Unshared(space.slotInputs.base + group.slots.lowerBound * hidden), stride: hidden,
          count: group.slots.count)
      }
    }
    return quantize(plan, columns: hidden) { slot in
      space.normed.base + plan.tokens[slot] * hidden
    }
  }

  /// Rows of `columns` floats in 15 bits, each expert's slots together.
  private func quantize(
    _ plan: SlotPlan, columns: Int, _ row: @Sendable (Int) -> UnsafeMutablePointer<Float>
  ) -> [Operand] {
    let (space, kernels) = (space, kernels)
    let views = plan.groups.map { group in
      space.quantized.rows(
        from: group.slots.lowerBound, count: group.slots.count, columns: columns)
    }
    pool.run(plan.groups.count) { index, _ in
      let slots = plan.groups[index].slots
      for slot in slots {
        kernels.quantize(row(slot), to: views[index], row: slot - slots.lowerBound)
      }
    }
    return views.map { .quantized($0) }
  }

  /// Gate, up and activation, into `space.slotGates`.
  private func widen(_ plan: SlotPlan, _ inputs: [Operand]) {
    let (space, kernels, configuration) = (space, kernels, model.configuration)
    let width = configuration.intermediateSize
    let tileCount = Self.tileCount(width)
    pool.run(plan.groups.count * tileCount) { unit, _ in
      let group = plan.groups[unit / tileCount]
      let rows = Self.tile(unit % tileCount, of: width)
      let (first, count) = (group.slots.lowerBound, group.slots.count)
      let gates = space.slotGates.base + first * width
      let ups = space.slotUps.base + first * width
      kernels.multiply(
        group.expert.gate, rows: rows, inputs[unit / tileCount],
        bias: group.expert.gateBias.base, out: gates, outStride: width)
      kernels.multiply(
        group.expert.up, rows: rows, inputs[unit / tileCount], bias: group.expert.upBias.base,
        out: ups, outStride: width)
      for slot in 0..<count {
        let offset = slot * width + rows.lowerBound
        kernels.swiglu(
          gate: gates + offset, up: ups + offset, count: rows.count,
          alpha: configuration.swigluAlpha, limit: configuration.swigluLimit, out: gates + offset)
      }
    }
  }

  private func narrow(_ plan: SlotPlan, _ isPacked: Bool) {
    let (space, kernels) = (space, kernels)
    let (hidden, width) = (model.configuration.hiddenSize, model.configuration.intermediateSize)
    let tileCount = Self.tileCount(hidden)
    let inputs: [Operand]
    if isPacked {
      inputs = quantize(plan, columns: width) { space.slotGates.base + $0 * width }
    } else {
      inputs = plan.groups.map { group in
        .floats(
          Unshared(space.slotGates.base + group.slots.lowerBound * width), stride: width,
          count: group.slots.count)
      }
    }
    pool.run(plan.groups.count * tileCount) { unit, _ in
      let group = plan.groups[unit / tileCount]
      kernels.multiply(
        group.expert.down, rows: Self.tile(unit % tileCount, of: hidden),
        inputs[unit / tileCount], bias: group.expert.downBias.base,
        out: space.slotOutputs.base + group.slots.lowerBound * hidden, outStride: hidden)
    }
  }

  /// Adds each token's weighted expert outputs, best expert first whatever order they were made in.
  private func combine(_ plan: SlotPlan, count: Int) {
    let (space, kernels, hidden) = (space, kernels, model.configuration.hiddenSize)
    pool.run(count) { row, _ in
      for (slot, weight) in plan.parts[row] {
        kernels.add(
          space.slotOutputs.base + slot * hidden, scale: weight, count: hidden,
          to: space.hidden.base + row * hidden)
      }
    }
  }
}
