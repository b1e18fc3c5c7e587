/**
 * Notifications of fragments that producers have marked, in the form in which SNS publishes them.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, "Amazon Kinesis Video Streams Notifications"
 */
import type { FragmentEvent } from "../../engine/events/fragment-events.ts";
import type { Records } from "../../storage/records/records.ts";
import { buildStreamArn, findStreamById } from "../../storage/records/streams.ts";

export type FragmentNotification = {
  topicArn: string;
  subject: string;
  /** JSON. */
  message: string;
};

const mark = "AWS_KINESISVIDEO_NOTIFICATION";
const mostPairs = 10;

/** `undefined`: the fragment is not marked, or the stream wants none. */
export async function notificationOf(
  records: Records,
  { fragment, tags }: FragmentEvent,
): Promise<FragmentNotification | undefined> {
  if (!tags.some(({ name }) => name === mark)) return undefined;
  const stream = await findStreamById(records.db, fragment.streamId);
  if (stream?.notifications?.Status !== "ENABLED") return undefined;
  const pairs = tags.filter(({ name }) => !name.startsWith("AWS")).slice(0, mostPairs);
  return {
    topicArn: stream.notifications.DestinationConfig.Uri,
    subject: "Kinesis Video Streams Notification",
    message: JSON.stringify({
      StreamArn: buildStreamArn(stream),
      FragmentNumber: fragment.number,
      FragmentStartServerTimestamp: fragment.serverTimestamp,
      FragmentStartProducerTimestamp: fragment.producerTimestamp,
      NotificationType: "PERSISTED",
      NotificationPayload: Object.fromEntries(pairs.map(({ name, value }) => [name, value])),
    }),
  };
}
