// BrowserFolders.swift — what the browser's sandbox gets to see of this user, by the names in its profile.

extension Places {
  /// A path for each folder name of `Sandboxes/browser.json5` that has one here. What does not exist is left
  /// out when the sandbox is planned.
  func browserFolders(for model: ModelChoice) -> [String: String] {
    var folders = ["documents": documentsFolder, "search": searchSettingsPath]
    folders["vocabulary"] = vocabularyFile(of: model)
    return folders
  }

  /// A file with the vocabulary of the model: its tokenizer.json, else the one that ships with the program,
  /// which is that of gpt-oss.
  private func vocabularyFile(of model: ModelChoice) -> String? {
    if case .checkpoint(_, let path) = model {
      for file in [path + "/tokenizer.json", path + "/../tokenizer.json"]
      where Resources.exists(file) { return file }
    }
    return resources?.vocabularyPath
  }
}
