// Placeholder.swift — until the target's first test lands.
