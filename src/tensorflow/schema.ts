/** The messages in the index of a tensor bundle. The field numbers and names are those of `tensor_bundle.proto`,
 * `tensor_shape.proto` and `versions.proto` of TensorFlow 2.21. */
import protobuf from 'protobufjs';

const definition = `
syntax = "proto3";
package tensorflow;

message BundleHeaderProto {
  enum Endianness { LITTLE = 0; BIG = 1; }
  int32 num_shards = 1;
  Endianness endianness = 2;
  VersionDef version = 3;
}
message VersionDef {
  int32 producer = 1;
  int32 min_consumer = 2;
}
message BundleEntryProto {
  int32 dtype = 1;
  TensorShapeProto shape = 2;
  int32 shard_id = 3;
  int64 offset = 4;
  int64 size = 5;
  fixed32 crc32c = 6;
  repeated TensorSliceProto slices = 7;
}
message TensorShapeProto {
  message Dim { int64 size = 1; }
  repeated Dim dim = 2;
}
message TensorSliceProto {
}
`;

const { root } = protobuf.parse(definition, { keepCase: true });

export const BundleHeader: protobuf.Type = root.lookupType('tensorflow.BundleHeaderProto');
export const BundleEntry: protobuf.Type = root.lookupType('tensorflow.BundleEntryProto');
