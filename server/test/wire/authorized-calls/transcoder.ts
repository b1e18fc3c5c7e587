import { signRequest } from "../../../src/edge/auth/sign.ts";
import type { Case, Cases } from "./cases.ts";
import { account, region, type World } from "./world.ts";

const arn = (kind: "pipeline" | "preset" | "job", id: string) =>
  `arn:aws:elastictranscoder:${region}:${account}:${kind}/${id}`;

const systemPreset = "1351620000001-000010";

async function newRole(world: World): Promise<string> {
  const service = { Service: "elastictranscoder.amazonaws.com" };
  return (await world.role(world.fresh("role"), service, [{ Effect: "Allow", Action: "*", Resource: "*" }])).arn;
}

async function newPipeline(world: World): Promise<string> {
  const Role = await newRole(world);
  const wanted = { Name: world.fresh("pipeline"), InputBucket: "in", OutputBucket: "out", Role };
  return (await world.transcoder.createPipeline(wanted)).Pipeline!.Id!;
}

async function newJob(world: World): Promise<string> {
  const output = { Key: "out.mp4", PresetId: systemPreset };
  const wanted = { PipelineId: await newPipeline(world), Input: { Key: "in.mp4" }, Output: output };
  return (await world.transcoder.createJob(wanted)).Job!.Id!;
}

const audio = { Name: "a", Container: "mp3", Audio: { Codec: "mp3", BitRate: "128" } };

async function newPreset(world: World): Promise<string> {
  return (await world.transcoder.createPreset(audio)).Preset!.Id!;
}

const made = { pipeline: newPipeline, preset: newPreset, job: newJob };

/** The transcoder's actions are called as its operations are. */
const on =
  (kind: keyof typeof made, more: object = {}): Cases[string] =>
  async (world, operation) => {
    const Id = await made[kind](world);
    return { needs: [[`elastictranscoder:${operation}`, arn(kind, Id)]], input: { Id, ...more } };
  };

const onAll =
  (input: object = {}): Cases[string] =>
  (_, operation) => ({ needs: [[`elastictranscoder:${operation}`, "*"]], input });

const Notifications = { Progressing: "", Completed: "", Warning: "", Error: "" };

export const transcoderCases: Cases = {
  CancelJob: on("job"),
  async CreateJob(world) {
    const [PipelineId, preset] = [await newPipeline(world), await newPreset(world)];
    return {
      needs: [
        ["elastictranscoder:CreateJob", arn("pipeline", PipelineId)],
        ["elastictranscoder:CreateJob", arn("preset", preset)],
        ["elastictranscoder:CreateJob", arn("preset", systemPreset)],
      ],
      input: {
        PipelineId,
        Input: { Key: "in.mp4" },
        Outputs: [
          { Key: "out.mp3", PresetId: preset },
          { Key: "out.mp4", PresetId: systemPreset },
        ],
      },
    };
  },
  async CreatePipeline(world) {
    const Role = await newRole(world);
    return {
      needs: [
        ["elastictranscoder:CreatePipeline", arn("pipeline", "*")],
        ["iam:PassRole", Role],
      ],
      input: { Name: "p", InputBucket: "in", OutputBucket: "out", Role },
    };
  },
  CreatePreset: () => ({ needs: [["elastictranscoder:CreatePreset", arn("preset", "*")]], input: audio }),
  DeletePipeline: on("pipeline"),
  DeletePreset: on("preset"),
  async ListJobsByPipeline(world) {
    const PipelineId = await newPipeline(world);
    return { needs: [["elastictranscoder:ListJobsByPipeline", arn("pipeline", PipelineId)]], input: { PipelineId } };
  },
  ListJobsByStatus: onAll({ Status: "Complete" }),
  ListPipelines: onAll(),
  ListPresets: onAll(),
  ReadJob: on("job"),
  "ReadJob of none": () => ({
    needs: [["elastictranscoder:ReadJob", arn("job", "1111111111111-abcde1")]],
    input: { Id: "1111111111111-abcde1" },
    fails: "ResourceNotFoundException",
  }),
  ReadJobLog: logRead,
  ReadPipeline: on("pipeline"),
  ReadPreset: on("preset"),
  async TestRole(world) {
    const input = { Role: await newRole(world), InputBucket: "in", OutputBucket: "out", Topics: [] };
    return { needs: [["elastictranscoder:TestRole", "*"]], input };
  },
  UpdatePipeline: on("pipeline", { Name: "q" }),
  async "UpdatePipeline with a role"(world) {
    const [Id, Role] = [await newPipeline(world), await newRole(world)];
    return {
      needs: [
        ["elastictranscoder:UpdatePipeline", arn("pipeline", Id)],
        ["iam:PassRole", Role],
      ],
      input: { Id, Role },
    };
  },
  UpdatePipelineNotifications: on("pipeline", { Notifications }),
  UpdatePipelineStatus: on("pipeline", { Status: "Paused" }),
};

/** Millrace's own, which no client knows: part of reading the job. */
async function logRead(world: World): Promise<Case> {
  const id = await newJob(world);
  const url = `${world.url}/2012-09-25/jobs/${id}/log`;
  return {
    needs: [["elastictranscoder:ReadJob", arn("job", id)]],
    async call(credentials) {
      const asked = { method: "GET", url, headers: {}, body: "", region, clock: Date.now };
      const headers = credentials ? signRequest({ ...asked, credentials, service: "elastictranscoder" }) : {};
      const answer = await fetch(url, { headers });
      const { message } = (await answer.json()) as { message?: string };
      const name = answer.headers.get("x-amzn-errortype")?.split(":")[0];
      if (!answer.ok) throw { name, message, $metadata: { httpStatusCode: answer.status } };
    },
  };
}
