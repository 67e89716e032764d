// An OPC UA server that is not ours with one variable of each built-in type, and each again with each quality.
//   node types.js '{"port": 0, "secure": false, "texts": 0}'
// Names: Boolean … DataValue, and Boolean:Bad … for the severities. `texts`: so many variables text0 … of 400 characters, so that an
// answer takes several chunks. `secure`: as in plc.js. Values and times stand still. Prints its port.
"use strict";
console.log = console.warn = console.error;
const { OPCUAServer } = require("node-opcua-server");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");
const { StatusCodes } = require("node-opcua-status-code");
const { nodesets } = require("node-opcua-nodesets");
const { admission } = require("./admission.js");

const options = { port: 0, secure: false, texts: 0, ...JSON.parse(process.argv[2] || "{}") };
const QUALITIES = { Good: "Good", Uncertain: "UncertainLastUsableValue", Bad: "BadSensorFailure", Overflow: "GoodWithOverflowBit" };
const moment = new Date("2026-03-01T12:00:00.001Z");

function values(space, folder) {
  const text = "Schließ 换模 " + "\u{1F600}";
  return {
    Boolean: true, SByte: -128, Byte: 255, Int16: -32768, UInt16: 65535, Int32: -2147483648, UInt32: 4294967295,
    Int64: [0x80000000, 5], UInt64: [0xffffffff, 0xfffffffe], Float: 1.5e-40, Double: -0.0, String: text, DateTime: moment,
    Guid: "72962B91-FA75-4AE6-8D28-B404DC7DAF63", ByteString: Buffer.from([0, 255, 10]), XmlElement: "<a>b</a>",
    NodeId: folder.nodeId, ExpandedNodeId: folder.nodeId, StatusCode: StatusCodes.BadSensorFailure,
    QualifiedName: folder.browseName, LocalizedText: { locale: "de", text },
    ExtensionObject: space.constructExtensionObject(space.findDataType("Range"), { low: 1, high: 2 }),
  };
}

function add(own, folder, name, dataType, variant, status) {
  const made = own.addVariable({ componentOf: folder, browseName: name, nodeId: `s=${name}`, dataType, minimumSamplingInterval: 0 });
  made.setValueFromSource(variant, status, moment);
}

async function main() {
  const server = new OPCUAServer({
    port: options.port, hostname: "127.0.0.1", ...(await admission(options.secure)), nodeset_filename: [nodesets.standard],
    serverCapabilities: { operationLimits: { maxNodesPerRead: 0 } },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const own = space.registerNamespace("urn:not-ours:plc");
  const folder = own.addObject({ organizedBy: space.rootFolder.objects, browseName: "Types", nodeId: "s=types" });
  for (const [type, value] of Object.entries(values(space, folder)))
    for (const [quality, status] of Object.entries(QUALITIES))
      add(own, folder, `${type}:${quality}`, type === "ExtensionObject" ? "Range" : type, new Variant({ dataType: DataType[type], arrayType: VariantArrayType.Scalar, value }), StatusCodes[status] ?? StatusCodes.Good);
  add(own, folder, "Array:Good", "Double", new Variant({ dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [1, 2, 3] }), StatusCodes.Good);
  for (let index = 0; index < options.texts; index++)
    add(own, folder, `text${index}`, "String", new Variant({ dataType: DataType.String, value: `${index}:`.padEnd(400, "换") }), StatusCodes.Good);
  await server.start();
  process.stdout.write(`${server.endpoints[0].port}\n`);
  process.stdin.resume().on("close", () => process.exit(0));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
