/**
 * Operations of Kinesis Video Streams that are not served, by client: each is answered 501 NotImplemented, by name and
 * with the reason. One that is done moves from here to its table in service.ts; the compiler sees to it.
 */

const signalling = "There are no signalling channels yet.";
const edgeAgent = "There is no edge agent to configure; cameras send to Millrace themselves.";

export const controlNotDone = {
  CreateSignalingChannel: signalling,
  DeleteEdgeConfiguration: edgeAgent,
  DeleteSignalingChannel: signalling,
  DescribeEdgeConfiguration: edgeAgent,
  DescribeMediaStorageConfiguration: signalling,
  DescribeSignalingChannel: signalling,
  GetSignalingChannelEndpoint: signalling,
  ListEdgeAgentConfigurations: edgeAgent,
  ListSignalingChannels: signalling,
  StartEdgeConfigurationUpdate: edgeAgent,
  UpdateMediaStorageConfiguration: signalling,
  UpdateSignalingChannel: signalling,
} as const;

export const mediaNotDone = {} as const;

export const archivedMediaNotDone = {} as const;

export const signalingNotDone = { GetIceServerConfig: signalling, SendAlexaOfferToMaster: signalling } as const;
