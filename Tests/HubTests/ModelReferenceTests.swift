// ModelReferenceTests.swift — what may be typed for a model, and the settings around it.

import Hub
import TestKit
import Testing
import Transfer

@Suite struct `A model's name` {
  @Test(
    arguments: [
      ("gpt-oss-20b", "openai/gpt-oss-20b", nil, nil),
      ("gpt-oss-120b@v1", "openai/gpt-oss-120b", "v1", nil),
      ("org/name", "org/name", nil, nil),
      ("org/name@refs/pr/1", "org/name", "refs/pr/1", nil),
      (
        "ggml-org/gpt-oss-20b-GGUF:gpt-oss-20b-mxfp4.gguf", "ggml-org/gpt-oss-20b-GGUF", nil,
        "gpt-oss-20b-mxfp4.gguf"
      ),
      ("o/n@main:UD-Q4/m-00001-of-00002.gguf", "o/n", "main", "UD-Q4/m-00001-of-00002.gguf"),
    ] as [(String, String, String?, String?)])
  func `is read in its parts`(
    text: String, repository: String, revision: String?, file: String?
  ) throws {
    let reference = try ModelReference(text)
    #expect(reference.repository.description == repository)
    #expect(reference.revision == revision)
    #expect(reference.file == file)
  }

  @Test(arguments: [
    "", "name", "a/b/c", "/b", "a/", "../b", "a/..", "-a/b", "a/b.", "a--b/c", "a b/c", "é/c",
    "org/name@", "org/name@../x", "org/name@/x", "org/name@a b", "org/name:", "org/name:x.bin",
    "org/name:../x.gguf", "org/name:/x.gguf", "org/name@a@b", "org/name:a\\b.gguf",
  ])
  func `is refused where it could be something else`(text: String) {
    #expect(throws: HubError.self) { try ModelReference(text) }
  }

  @Test func `is also the name of a folder`() throws {
    let name = try ModelReference("openai/gpt-oss-20b").repository
    #expect(name.folderName == "models--openai--gpt-oss-20b")
    #expect(RepositoryName(folderName: name.folderName) == name)
    #expect(RepositoryName(folderName: "datasets--a--b") == nil)
    #expect(RepositoryName(folderName: "models--..--b") == nil)
  }
}

@Suite struct `The hub's settings` {
  private func settings(_ environment: [String: String]) throws(HubError) -> HubSettings {
    try HubSettings(environment: environment, home: "/nowhere/home")
  }

  @Test func `are those of the public hub without any variable`() throws {
    let settings = try settings([:])
    #expect(settings.endpoint.origin.description == "https://huggingface.co")
    #expect(settings.token == nil)
    #expect(settings.cache.folder == "/nowhere/home/.cache/huggingface/hub")
    #expect(!settings.isOffline)
  }

  @Test(arguments: [
    (["HF_HOME": "/x/"], "/x/hub"), (["HF_HOME": "~/y"], "/nowhere/home/y/hub"),
    (["XDG_CACHE_HOME": "/c"], "/c/huggingface/hub"),
    (["HF_HUB_CACHE": "/z", "HF_HOME": "/x"], "/z"), (["HUGGINGFACE_HUB_CACHE": "/z"], "/z"),
  ])
  func `put the cache where other programs have it`(
    environment: [String: String], folder: String
  ) throws {
    #expect(try settings(environment).cache.folder == folder)
  }

  @Test func `take the token of the environment before that of the file`() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", Array(" from_file \n".utf8))
    #expect(try settings(["HF_HOME": folder.path]).token == "from_file")
    #expect(try settings(["HF_HOME": folder.path, "HF_TOKEN": "typed"]).token == "typed")
    #expect(
      try settings(["HF_HOME": folder.path, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).token == nil)
    #expect(throws: HubError.tokenUnusable(place: "HF_TOKEN")) {
      try settings(["HF_TOKEN": "a\nb"])
    }
    let missing = HubError.tokenUnreadable(
      path: "/nowhere/t", reason: "No such file or directory")
    #expect(throws: missing) {
      try HubSettings(environment: [:], home: "/nowhere", tokenFile: "/nowhere/t")
    }
  }

  @Test(arguments: ["ftp://x", "huggingface", "https://user:secret@host", "https://", "http://a b"])
  func `refuse an endpoint that is none`(text: String) {
    #expect(throws: HubError.endpointUnusable(text)) { try settings(["HF_ENDPOINT": text]) }
  }
}
