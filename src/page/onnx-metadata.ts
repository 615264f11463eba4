/** Reads the `metadata_props` of an ONNX file in a page. onnxruntime-web does not return them. The field numbers are those of
 * `onnx/onnx.proto`. */
import protobuf from 'protobufjs/minimal.js';
import { messageOf, RunError } from '../errors.ts';

/** ModelProto.metadata_props: messages of type StringStringEntryProto. */
const metadataField = 14;
const [keyField, valueField] = [1, 2];
/** The wire type of texts and messages (protobuf, "Encoding", message structure). */
const lengthDelimited = 2;

/** Returns the properties of a model file. The graph is skipped.
 * @throws RunError when the bytes are not an ONNX file */
export function onnxMetadata(file: Uint8Array): ReadonlyMap<string, string> {
  try {
    const entries = new Map<string, string>();
    for (const bytes of fieldsOf(file, metadataField)) {
      const [key, value = ''] = [keyField, valueField].map(
        (field) => fieldsOf(bytes, field).map(utf8).at(-1) ?? '',
      );
      entries.set(key ?? '', value);
    }
    return entries;
  } catch (error) {
    throw new RunError(`not an ONNX file, or damaged (${messageOf(error)})`, { cause: error });
  }
}

/** Returns the bytes of each occurrence of a field in a message. */
function fieldsOf(message: Uint8Array, field: number): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === field && (tag & 7) === lengthDelimited) found.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
