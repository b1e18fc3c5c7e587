/**
 * Lengths and patterns of the transcoder's requests, which the SDK's schemas lack. Patterns are the service model's, for
 * they are part of its messages.
 */
import type { Constraint, ServiceConstraints } from "../operation.ts";
import type { TranscoderLimits } from "./context.ts";

const id: Constraint = { pattern: /^\d{13}-\w{6}$/ };
const name: Constraint = { length: [1, 40] };
const key: Constraint = { length: [1, 255] };
const longKey: Constraint = { length: [1, 1024] };
const bucket: Constraint = { pattern: /^(\w|\.|-){1,255}$/ };
const role: Constraint = { pattern: /^arn:aws:iam::\w{12}:role\/.+$/ };
const keyArn: Constraint = { length: [0, 255] };
// The model sets no length. Ours is that of an ARN, and keeps the pattern's two `.` away from megabytes.
const topic: Constraint = { length: [0, 2048], pattern: /(^$)|(^arn:aws:sns:.*:\w{12}:.+$)/ };
const trueOrFalse: Constraint = { pattern: /(^true$)|(^false$)/ };
const time: Constraint = {
  pattern: /(^\d{1,5}(\.\d{0,3})?$)|(^([0-1]?[0-9]:|2[0-3]:)?([0-5]?[0-9]:)?[0-5]?[0-9](\.\d{0,3})?$)/,
};
const timeOffset: Constraint = {
  pattern: /(^[+-]?\d{1,5}(\.\d{0,3})?$)|(^[+-]?([0-1]?[0-9]:|2[0-3]:)?([0-5]?[0-9]:)?[0-5]?[0-9](\.\d{0,3})?$)/,
};
const float: Constraint = { pattern: /^\d{1,5}(\.\d{0,5})?$/ };
const frameRate: Constraint = {
  pattern: /(^auto$)|(^10$)|(^15$)|(^23.97$)|(^24$)|(^25$)|(^29.97$)|(^30$)|(^50$)|(^60$)/,
};
const maxFrameRate: Constraint = { pattern: /(^10$)|(^15$)|(^23.97$)|(^24$)|(^25$)|(^29.97$)|(^30$)|(^50$)|(^60$)/ };
const resolution: Constraint = { pattern: /(^auto$)|(^\d{1,5}x\d{1,5}$)/ };
const aspectRatio: Constraint = { pattern: /(^auto$)|(^1:1$)|(^4:3$)|(^3:2$)|(^16:9$)/ };
const digitsOrAuto: Constraint = { pattern: /(^auto$)|(^\d{2,4}$)/ };
const sizingPolicy: Constraint = {
  pattern: /(^Fit$)|(^Fill$)|(^Stretch$)|(^Keep$)|(^ShrinkToFit$)|(^ShrinkToFill$)/,
};
const paddingPolicy: Constraint = { pattern: /(^Pad$)|(^NoPad$)/ };
const pixelsOrPercent: Constraint = { pattern: /(^\d{1,3}(\.\d{0,5})?%$)|(^\d{1,4}?px$)/ };
const jpgOrPng: Constraint = { pattern: /(^jpg$)|(^png$)/ };
const imageKey: Constraint = { length: [1, 1024], pattern: /(^.{1,1020}.jpg$)|(^.{1,1019}.jpeg$)|(^.{1,1020}.png$)/ };
/** Ours beside the model's: a text to be drawn (rules/job.ts), of 1024 characters at most. */
const imageKeyOrText: Constraint = {
  length: [1, 1029],
  pattern: /(^.{1,1020}.jpg$)|(^.{1,1019}.jpeg$)|(^.{1,1020}.png$)|(^text:[\s\S]{1,1024}$)/,
};
const base64: Constraint = {
  pattern: /^$|(^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$)/,
};
const filledBase64: Constraint = {
  pattern: /(^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$)/,
};
const captionMergePolicy: Constraint = { pattern: /(^MergeOverride$)|(^MergeRetain$)|(^Override$)/ };
const codecOption: Constraint = { length: [1, 255] };

export function transcoderConstraints(limits: TranscoderLimits): ServiceConstraints {
  return {
    "CreatePipelineRequest.Name": name,
    "CreatePipelineRequest.InputBucket": bucket,
    "CreatePipelineRequest.OutputBucket": bucket,
    "CreatePipelineRequest.Role": role,
    "CreatePipelineRequest.AwsKmsKeyArn": keyArn,
    "UpdatePipelineRequest.Id": id,
    "UpdatePipelineRequest.Name": name,
    "UpdatePipelineRequest.InputBucket": bucket,
    "UpdatePipelineRequest.Role": role,
    "UpdatePipelineRequest.AwsKmsKeyArn": keyArn,
    "UpdatePipelineNotificationsRequest.Id": id,
    "UpdatePipelineStatusRequest.Id": id,
    "UpdatePipelineStatusRequest.Status": { pattern: /(^Active$)|(^Paused$)/ },
    "DeletePipelineRequest.Id": id,
    "ReadPipelineRequest.Id": id,
    "ListPipelinesRequest.Ascending": trueOrFalse,
    "ListPipelinesRequest.PageToken": id,
    "Notifications.Progressing": topic,
    "Notifications.Completed": topic,
    "Notifications.Warning": topic,
    "Notifications.Error": topic,
    "PipelineOutputConfig.Bucket": bucket,
    "PipelineOutputConfig.StorageClass": { pattern: /(^ReducedRedundancy$)|(^Standard$)/ },
    "PipelineOutputConfig.Permissions": { length: [0, 30] },
    "Permission.GranteeType": { pattern: /(^Canonical$)|(^Email$)|(^Group$)/ },
    "Permission.Grantee": key,
    "Permission.Access": { length: [0, 30] },
    "Permission.Access.member": { pattern: /(^FullControl$)|(^Read$)|(^ReadAcp$)|(^WriteAcp$)/ },
    "TestRoleRequest.Role": role,
    "TestRoleRequest.InputBucket": bucket,
    "TestRoleRequest.OutputBucket": bucket,
    "TestRoleRequest.Topics": { length: [0, 30] },
    "TestRoleRequest.Topics.member": topic,

    "CreatePresetRequest.Name": name,
    "CreatePresetRequest.Description": { length: [0, 255] },
    "CreatePresetRequest.Container": {
      pattern:
        /(^mp4$)|(^ts$)|(^webm$)|(^mp3$)|(^flac$)|(^oga$)|(^ogg$)|(^fmp4$)|(^mpg$)|(^flv$)|(^gif$)|(^mxf$)|(^wav$)|(^mp2$)/,
    },
    "ReadPresetRequest.Id": id,
    "DeletePresetRequest.Id": id,
    "ListPresetsRequest.Ascending": trueOrFalse,
    "ListPresetsRequest.PageToken": id,
    "VideoParameters.Codec": { pattern: /(^H\.264$)|(^vp8$)|(^vp9$)|(^mpeg2$)|(^gif$)/ },
    "VideoParameters.CodecOptions": { length: [0, 30] },
    "VideoParameters.CodecOptions.key": codecOption,
    // From 1 in the model. Clients send "" for what they do not set.
    "VideoParameters.CodecOptions.value": { length: [0, 255] },
    "VideoParameters.KeyframesMaxDist": { pattern: /^\d{1,6}$/ },
    "VideoParameters.FixedGOP": trueOrFalse,
    "VideoParameters.BitRate": { pattern: /(^\d{2,5}$)|(^auto$)/ },
    "VideoParameters.FrameRate": frameRate,
    "VideoParameters.MaxFrameRate": maxFrameRate,
    "VideoParameters.Resolution": resolution,
    "VideoParameters.AspectRatio": aspectRatio,
    "VideoParameters.MaxWidth": digitsOrAuto,
    "VideoParameters.MaxHeight": digitsOrAuto,
    "VideoParameters.DisplayAspectRatio": aspectRatio,
    "VideoParameters.SizingPolicy": sizingPolicy,
    "VideoParameters.PaddingPolicy": paddingPolicy,
    "PresetWatermark.Id": name,
    "PresetWatermark.MaxWidth": pixelsOrPercent,
    "PresetWatermark.MaxHeight": pixelsOrPercent,
    "PresetWatermark.SizingPolicy": { pattern: /(^Fit$)|(^Stretch$)|(^ShrinkToFit$)/ },
    "PresetWatermark.HorizontalAlign": { pattern: /(^Left$)|(^Right$)|(^Center$)/ },
    "PresetWatermark.HorizontalOffset": pixelsOrPercent,
    "PresetWatermark.VerticalAlign": { pattern: /(^Top$)|(^Bottom$)|(^Center$)/ },
    "PresetWatermark.VerticalOffset": pixelsOrPercent,
    "PresetWatermark.Opacity": { pattern: /^\d{1,3}(\.\d{0,20})?$/ },
    "PresetWatermark.Target": { pattern: /(^Content$)|(^Frame$)/ },
    "AudioParameters.Codec": { pattern: /(^AAC$)|(^vorbis$)|(^mp3$)|(^mp2$)|(^pcm$)|(^flac$)/ },
    "AudioParameters.SampleRate": {
      pattern: /(^auto$)|(^22050$)|(^32000$)|(^44100$)|(^48000$)|(^96000$)|(^192000$)/,
    },
    "AudioParameters.BitRate": { pattern: /^\d{1,3}$/ },
    "AudioParameters.Channels": { pattern: /(^auto$)|(^0$)|(^1$)|(^2$)/ },
    "AudioParameters.AudioPackingMode": {
      pattern: /(^SingleTrack$)|(^OneChannelPerTrack$)|(^OneChannelPerTrackWithMosTo8Tracks$)/,
    },
    "AudioCodecOptions.Profile": { pattern: /(^auto$)|(^AAC-LC$)|(^HE-AAC$)|(^HE-AACv2$)/ },
    "AudioCodecOptions.BitDepth": { pattern: /(^8$)|(^16$)|(^24$)|(^32$)/ },
    "AudioCodecOptions.BitOrder": { pattern: /(^LittleEndian$)/ },
    "AudioCodecOptions.Signed": { pattern: /(^Unsigned$)|(^Signed$)/ },
    "Thumbnails.Format": jpgOrPng,
    "Thumbnails.Interval": { pattern: /^\d{1,5}$/ },
    "Thumbnails.Resolution": { pattern: /^\d{1,5}x\d{1,5}$/ },
    "Thumbnails.AspectRatio": aspectRatio,
    "Thumbnails.MaxWidth": digitsOrAuto,
    "Thumbnails.MaxHeight": digitsOrAuto,
    "Thumbnails.SizingPolicy": sizingPolicy,
    "Thumbnails.PaddingPolicy": paddingPolicy,

    "CreateJobRequest.PipelineId": id,
    "CreateJobRequest.Inputs": { length: [0, 200] },
    "CreateJobRequest.Outputs": { length: [0, limits.outputs] },
    "CreateJobRequest.OutputKeyPrefix": key,
    "CreateJobRequest.Playlists": { length: [0, limits.playlists] },
    "ReadJobRequest.Id": id,
    "ReadJobLogRequest.Id": id,
    "CancelJobRequest.Id": id,
    "ListJobsByPipelineRequest.PipelineId": id,
    "ListJobsByPipelineRequest.Ascending": trueOrFalse,
    "ListJobsByPipelineRequest.PageToken": id,
    "ListJobsByStatusRequest.Status": {
      pattern: /(^Submitted$)|(^Progressing$)|(^Complete$)|(^Canceled$)|(^Error$)/,
    },
    "ListJobsByStatusRequest.Ascending": trueOrFalse,
    "ListJobsByStatusRequest.PageToken": id,
    "JobInput.Key": longKey,
    "JobInput.FrameRate": frameRate,
    "JobInput.Resolution": resolution,
    "JobInput.AspectRatio": aspectRatio,
    "JobInput.Interlaced": { pattern: /(^auto$)|(^true$)|(^false$)/ },
    "JobInput.Container": {
      pattern:
        /(^auto$)|(^3gp$)|(^asf$)|(^avi$)|(^divx$)|(^flv$)|(^mkv$)|(^mov$)|(^mp4$)|(^mpeg$)|(^mpeg-ps$)|(^mpeg-ts$)|(^mxf$)|(^ogg$)|(^ts$)|(^vob$)|(^wav$)|(^webm$)|(^mp3$)|(^m4a$)|(^aac$)/,
    },
    "TimeSpan.StartTime": time,
    "TimeSpan.Duration": time,
    "CreateJobOutput.Key": key,
    // The model sets no length. Ours is that of a key.
    "CreateJobOutput.ThumbnailPattern": { length: [0, 1024], pattern: /(^$)|(^.*\{count\}.*$)/ },
    "CreateJobOutput.Rotate": { pattern: /(^auto$)|(^0$)|(^90$)|(^180$)|(^270$)/ },
    "CreateJobOutput.PresetId": id,
    "CreateJobOutput.SegmentDuration": float,
    "JobWatermark.PresetWatermarkId": name,
    "JobWatermark.InputKey": imageKeyOrText,
    "CreateJobPlaylist.Name": key,
    "CreateJobPlaylist.Format": { pattern: /(^HLSv3$)|(^HLSv4$)|(^Smooth$)|(^MPEG-DASH$)/ },
    "CreateJobPlaylist.OutputKeys": { length: [0, limits.outputs] },
    "CreateJobPlaylist.OutputKeys.member": key,

    "Encryption.Mode": { pattern: /(^s3$)|(^s3-aws-kms$)|(^aes-cbc-pkcs7$)|(^aes-ctr$)|(^aes-gcm$)/ },
    "Encryption.Key": base64,
    "Encryption.KeyMd5": base64,
    "Encryption.InitializationVector": { length: [0, 255] },
    "InputCaptions.MergePolicy": captionMergePolicy,
    "InputCaptions.CaptionSources": { length: [0, 20] },
    "Captions.MergePolicy": captionMergePolicy,
    "Captions.CaptionSources": { length: [0, 20] },
    "Captions.CaptionFormats": { length: [0, 4] },
    "CaptionSource.Key": longKey,
    "CaptionSource.Language": key,
    "CaptionSource.TimeOffset": timeOffset,
    "CaptionSource.Label": name,
    "CaptionFormat.Format": { pattern: /(^mov-text$)|(^srt$)|(^scc$)|(^webvtt$)|(^dfxp$)|(^cea-708$)/ },
    "CaptionFormat.Pattern": { length: [0, 1024], pattern: /(^$)|(^.*\{language\}.*$)/ },
    "JobAlbumArt.MergePolicy": { pattern: /(^Replace$)|(^Prepend$)|(^Append$)|(^Fallback$)/ },
    "JobAlbumArt.Artwork": { length: [0, 20] },
    "Artwork.InputKey": imageKey,
    "Artwork.MaxWidth": digitsOrAuto,
    "Artwork.MaxHeight": digitsOrAuto,
    "Artwork.SizingPolicy": sizingPolicy,
    "Artwork.PaddingPolicy": paddingPolicy,
    "Artwork.AlbumArtFormat": jpgOrPng,
    "HlsContentProtection.Method": { pattern: /(^aes-128$)/ },
    "HlsContentProtection.Key": base64,
    "HlsContentProtection.KeyMd5": base64,
    "HlsContentProtection.InitializationVector": { length: [0, 255] },
    "HlsContentProtection.LicenseAcquisitionUrl": { length: [0, 512] },
    "HlsContentProtection.KeyStoragePolicy": { pattern: /(^NoStore$)|(^WithVariantPlaylists$)/ },
    "PlayReadyDrm.Format": { pattern: /(^microsoft$)|(^discretix-3.0$)/ },
    "PlayReadyDrm.Key": filledBase64,
    "PlayReadyDrm.KeyMd5": filledBase64,
    "PlayReadyDrm.KeyId": {
      pattern: /(^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$)|(^[0-9A-Fa-f]{32}$)/,
    },
    "PlayReadyDrm.InitializationVector": { length: [0, 255] },
    "PlayReadyDrm.LicenseAcquisitionUrl": { length: [1, 512] },
  };
}
