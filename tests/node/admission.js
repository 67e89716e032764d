// Who a server is and whom it lets in: keys of its own in the working directory, and anybody, or `lineside` with `secret`.
const path = require("node:path");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");

async function admission(secure) {
  const manager = (folder) => new OPCUACertificateManager({ rootFolder: path.resolve(folder), automaticallyAcceptUnknownCertificate: true });
  const [own, users] = [manager("pki"), manager("pki-users")];
  await own.initialize();
  await users.initialize();
  const whom = secure
    ? { allowAnonymous: false, securityModes: [2, 3], userManager: { isValidUser: (name, word) => name === "lineside" && word === "secret" } }
    : { allowAnonymous: true };
  return { serverCertificateManager: own, userCertificateManager: users, ...whom };
}

module.exports = { admission };
