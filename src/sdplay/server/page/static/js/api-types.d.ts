// Written by docs/api_types.py from the OpenAPI description: change the types in Python, then run it again.

export type AnimateRequest = {
  mode: "animate";
  negative_prompt?: string | null;
  prompt_syntax?: "a1111" | "plain" | null;
  seed?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  guidance_rescale?: number | null;
  quality?: "exact" | "fast" | "draft" | null;
  clip_skip?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  eta?: number | null;
  width?: number | null;
  height?: number | null;
  lora?: string | (string)[] | null;
  embedding?: string | (string)[] | null;
  model?: string | null;
  vae?: string | null;
  noise?: "philox" | "torch" | null;
  style?: string | (string)[] | null;
  animation_prompts?: string | Record<string, unknown> | (unknown)[] | null;
  animation_mode?: "2D" | "3D" | "Video Input" | null;
  max_frames?: number | null;
  fps?: string | number | null;
  seed_behavior?: "iter" | "fixed" | "random" | "ladder" | "alternate" | "schedule" | null;
  seed_iter_N?: number | null;
  diffusion_cadence?: number | null;
  flow_cadence?: "none" | "dis" | null;
  keyframe_interpolation?: "linear" | "step" | null;
  prompt_interpolation?: string | null;
  border?: "wrap" | "replicate" | "reflection" | "zeros" | null;
  padding_mode?: "border" | "zeros" | "reflection" | "wrap" | null;
  sampling_mode?: "bicubic" | "bilinear" | "nearest" | null;
  warp?: "composed" | "sequential" | null;
  warp_geometry?: "deforum" | "pinhole" | null;
  angle?: string | number | Record<string, unknown> | null;
  zoom?: string | number | Record<string, unknown> | null;
  translation_x?: string | number | Record<string, unknown> | null;
  translation_y?: string | number | Record<string, unknown> | null;
  translation_z?: string | number | Record<string, unknown> | null;
  transform_center_x?: string | number | Record<string, unknown> | null;
  transform_center_y?: string | number | Record<string, unknown> | null;
  rotation_3d_x?: string | number | Record<string, unknown> | null;
  rotation_3d_y?: string | number | Record<string, unknown> | null;
  rotation_3d_z?: string | number | Record<string, unknown> | null;
  strength_schedule?: string | number | Record<string, unknown> | null;
  guidance_schedule?: string | number | Record<string, unknown> | null;
  steps_schedule?: string | number | Record<string, unknown> | null;
  seed_schedule?: string | number | Record<string, unknown> | null;
  noise_schedule?: string | number | Record<string, unknown> | null;
  contrast_schedule?: string | number | Record<string, unknown> | null;
  amount_schedule?: string | number | Record<string, unknown> | null;
  kernel_schedule?: string | number | Record<string, unknown> | null;
  sigma_schedule?: string | number | Record<string, unknown> | null;
  threshold_schedule?: string | number | Record<string, unknown> | null;
  color_strength_schedule?: string | number | Record<string, unknown> | null;
  fov?: number | null;
  fov_schedule?: string | number | Record<string, unknown> | null;
  near_plane?: number | null;
  far_plane?: number | null;
  use_depth_warping?: boolean | null;
  depth_model?: string | null;
  midas_weight?: number | null;
  depth_equalize?: boolean | null;
  save_depth_maps?: boolean | null;
  color_coherence?: "None" | "RGB" | "HSV" | "LAB" | "LAB_mean" | "Video Input" | "Image" | null;
  color_image?: string | null;
  smooth?: "None" | "Smooth" | "Smooth_more" | null;
  init_image?: string | null;
  init_strength?: number | null;
  steps_mode?: "scaled" | "exact" | null;
  loop_mode?: string | null;
  video_init_path?: string | null;
  video_same_size?: boolean | null;
  video_fit?: "stretch" | "cover" | "contain" | null;
  video_sampling?: "index" | "time" | null;
  extract_nth_frame?: number | null;
  extract_from_frame?: number | null;
  extract_to_frame?: number | null;
  audio?: string | null;
  audio_start?: number | null;
  on_bad_frame?: "reroll" | "previous" | "keep" | "error" | null;
  priority?: number | null;
  preview?: boolean | null;
  format?: "mp4" | "webm" | "mkv" | "gif" | "webp" | "apng" | null;
  frames?: string | null;
  fork?: string | null;
};

export type AxisFacts = {
  field: string;
  name: string;
  kind: "words" | "whole" | "number" | "choice" | "switch" | "size" | "lora" | "text";
  about: string;
  group: string;
  least: number | null;
  most: number | null;
  choices: (string)[];
  modes: (string)[];
};

export type AxisList = {
  axes: (AxisFacts)[];
};

export type Body_read_settings_api_v1_read_post = {
  file: string;
};

export type Capabilities = {
  version: string;
  modes: Record<string, Record<string, unknown>>;
  formats: Record<string, (string)[]>;
  limits: Record<string, number>;
  workers: number;
};

export type Changed = {
  changed: number;
};

export type CurveAnswer = {
  keys: (CurveKey)[];
  values: (number | null)[];
  low: number | null;
  high: number | null;
  moves: boolean;
  problem?: Problem | null;
};

export type CurveKey = {
  frame: number;
  value: number | null;
  mode: string;
  text: string;
};

export type CurvesAnswer = {
  frames: number;
  every: number;
  fps: number;
  seconds: number;
  cadence: number;
  curves: Record<string, CurveAnswer>;
  prompts: (PromptKeyAnswer)[];
  cuts: (number)[];
  problems: (Problem)[];
  notes: (string)[];
};

export type DraftAnswer = {
  changes: Record<string, unknown>;
  says: (string)[];
};

export type DreamRequest = {
  mode: "dream";
  negative_prompt?: string | null;
  prompt_syntax?: "a1111" | "plain" | null;
  seed?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  guidance_rescale?: number | null;
  quality?: "exact" | "fast" | "draft" | null;
  clip_skip?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  eta?: number | null;
  width?: number | null;
  height?: number | null;
  lora?: string | (string)[] | null;
  embedding?: string | (string)[] | null;
  model?: string | null;
  vae?: string | null;
  noise?: "philox" | "torch" | null;
  style?: string | (string)[] | null;
  prompts?: (string)[] | null;
  num?: number | null;
  seeds?: (number)[] | null;
  keyframes?: (Keyframe)[] | null;
  frames_per_key?: number | null;
  interpolate?: "latent" | "prompt" | "both" | null;
  path?: "slerp" | "smooth" | "circle" | null;
  easing?: "linear" | "step" | "hold" | "ease" | "ease-in" | "ease-out" | "ease-in-out" | "cosine" | (unknown)[] | null;
  hold?: number | null;
  pace?: "uniform" | "perceptual" | "audio" | null;
  audio_smooth?: number | null;
  loop?: boolean | null;
  fps?: string | number | null;
  audio?: string | null;
  audio_start?: number | null;
  on_bad_frame?: "reroll" | "previous" | "keep" | "error" | null;
  priority?: number | null;
  preview?: boolean | null;
  format?: "mp4" | "webm" | "mkv" | "gif" | "webp" | "apng" | null;
  frames?: string | null;
  fork?: string | null;
};

export type ErrorAnswer = {
  error: Failure;
};

export type Explanation = {
  words: PromptPair;
  seed: number;
  steps: number;
  chunk_size: number;
  loras: (Lora)[];
  parts: (ReadPart)[];
  negative: ReadPart;
};

export type ExportedFilm = {
  name: string;
  text: string;
  notes: (string)[];
};

export type Facets = {
  total: number;
  starred: number;
  trash: number;
  models: Record<string, number>;
};

export type Failure = {
  code: string;
  field?: string | null;
  value?: string | null;
  message: string;
  hint?: string;
  problems?: (Problem)[] | null;
};

export type FilmList = {
  films: (sdplay__server__http__native__films__FilmAnswer)[];
  next: string | null;
};

export type Fragment = {
  text: string;
  weight?: number;
};

export type FramesAnswer = {
  frames: number;
  first: number;
  last: number;
  fps: number;
  there: ((unknown)[])[];
  frame: string;
};

export type GridAnswer = {
  id: string;
  url: string;
  events: string;
  mode: string;
  words: string;
  width: number;
  height: number;
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  total: number;
  done: number;
  priority: number;
  place?: number | null;
  attempt: number;
  deaths: number;
  seed: number;
  recipe: string;
  source: string;
  created: number;
  started: number | null;
  ended: number | null;
  error: Problem | null;
  notes: (string)[];
  warnings: (Note)[];
  axes: (PlannedAxis)[];
  columns: number;
  rows: number;
  blocks: number;
  covers: ((string | null)[])[];
  sheet: PictureAnswer | null;
  request: Record<string, unknown>;
  cells: ((number)[])[];
  pictures: (PictureAnswer)[];
};

export type GridList = {
  grids: (GridSummary)[];
  next: string | null;
};

export type GridRequest = {
  mode: "grid";
  grid: (string)[];
  prompt: string;
  negative_prompt?: string | null;
  prompt_syntax?: "a1111" | "plain" | null;
  seed?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  guidance_rescale?: number | null;
  quality?: "exact" | "fast" | "draft" | null;
  clip_skip?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  eta?: number | null;
  width?: number | null;
  height?: number | null;
  lora?: string | (string)[] | null;
  embedding?: string | (string)[] | null;
  model?: string | null;
  vae?: string | null;
  noise?: "philox" | "torch" | null;
  control_image?: string | null;
  controlnet?: string | null;
  control_preprocessor?: "auto" | "canny" | "none" | null;
  canny_low?: number | null;
  canny_high?: number | null;
  control_scale?: number | null;
  control_start?: number | null;
  control_end?: number | null;
  num?: number | null;
  style?: string | (string)[] | null;
  anyway?: boolean | null;
  latents?: string | null;
  hires_scale?: number | null;
  hires_upscaler?: "latent" | "latent-antialiased" | "latent-bicubic" | "latent-bicubic-antialiased" | "latent-nearest" | "latent-nearest-exact" | "lanczos" | null;
  hires_steps?: number | null;
  hires_strength?: number | null;
  priority?: number | null | null;
  preview?: boolean | null | null;
  image?: string | null;
  strength?: number | null;
  mask?: string | null;
  mask_blur?: number | null;
  mask_grow?: number | null;
  mask_invert?: boolean | null;
  fill?: "original" | "surroundings" | "noise" | "nothing" | null;
  only_masked?: boolean | null;
  padding?: number | null;
  extend?: string | null;
  format?: "png" | "webp" | null;
};

export type GridSummary = {
  id: string;
  url: string;
  events: string;
  mode: string;
  words: string;
  width: number;
  height: number;
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  total: number;
  done: number;
  priority: number;
  place?: number | null;
  attempt: number;
  deaths: number;
  seed: number;
  recipe: string;
  source: string;
  created: number;
  started: number | null;
  ended: number | null;
  error: Problem | null;
  notes: (string)[];
  warnings: (Note)[];
  axes: (PlannedAxis)[];
  columns: number;
  rows: number;
  blocks: number;
  covers: ((string | null)[])[];
  sheet: PictureAnswer | null;
};

export type Img2ImgRequest = {
  mode: "img2img";
  negative_prompt?: string | null;
  prompt_syntax?: "a1111" | "plain" | null;
  seed?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  guidance_rescale?: number | null;
  quality?: "exact" | "fast" | "draft" | null;
  clip_skip?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  eta?: number | null;
  width?: number | null;
  height?: number | null;
  lora?: string | (string)[] | null;
  embedding?: string | (string)[] | null;
  model?: string | null;
  vae?: string | null;
  noise?: "philox" | "torch" | null;
  control_image?: string | null;
  controlnet?: string | null;
  control_preprocessor?: "auto" | "canny" | "none" | null;
  canny_low?: number | null;
  canny_high?: number | null;
  control_scale?: number | null;
  control_start?: number | null;
  control_end?: number | null;
  prompt: string;
  num?: number | null;
  style?: string | (string)[] | null;
  anyway?: boolean | null;
  image: string;
  strength?: number | null;
  priority?: number | null;
  preview?: boolean | null;
  format?: "png" | "webp" | "jpeg" | "avif" | null;
};

export type ImportedFilm = {
  mode: "dream" | "animate";
  fields: Record<string, unknown>;
  notes: (string)[];
};

export type InpaintRequest = {
  mode: "inpaint";
  negative_prompt?: string | null;
  prompt_syntax?: "a1111" | "plain" | null;
  seed?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  guidance_rescale?: number | null;
  quality?: "exact" | "fast" | "draft" | null;
  clip_skip?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  eta?: number | null;
  width?: number | null;
  height?: number | null;
  lora?: string | (string)[] | null;
  embedding?: string | (string)[] | null;
  model?: string | null;
  vae?: string | null;
  noise?: "philox" | "torch" | null;
  control_image?: string | null;
  controlnet?: string | null;
  control_preprocessor?: "auto" | "canny" | "none" | null;
  canny_low?: number | null;
  canny_high?: number | null;
  control_scale?: number | null;
  control_start?: number | null;
  control_end?: number | null;
  prompt: string;
  num?: number | null;
  style?: string | (string)[] | null;
  anyway?: boolean | null;
  image: string;
  strength?: number | null;
  mask?: string | null;
  mask_blur?: number | null;
  mask_grow?: number | null;
  mask_invert?: boolean | null;
  fill?: "original" | "surroundings" | "noise" | "nothing" | null;
  only_masked?: boolean | null;
  padding?: number | null;
  extend?: string | null;
  priority?: number | null;
  preview?: boolean | null;
  format?: "png" | "webp" | "jpeg" | "avif" | null;
};

export type JobAnswer = {
  id: string;
  url: string;
  events: string;
  mode: string;
  words: string;
  width: number;
  height: number;
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  total: number;
  done: number;
  priority: number;
  place?: number | null;
  attempt: number;
  deaths: number;
  seed: number;
  recipe: string;
  source: string;
  created: number;
  started: number | null;
  ended: number | null;
  error: Problem | null;
  notes: (string)[];
  warnings: (Note)[];
  request: Record<string, unknown>;
  progress?: Step | null;
  pictures: (PictureAnswer)[];
};

export type JobList = {
  jobs: (JobSummary)[];
  next: string | null;
  last_event: number;
};

export type JobRequest = Txt2ImgRequest | Img2ImgRequest | InpaintRequest | DreamRequest | AnimateRequest | UpscaleRequest | VerifyRequest | GridRequest;

export type JobSummary = {
  id: string;
  url: string;
  events: string;
  mode: string;
  words: string;
  width: number;
  height: number;
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  total: number;
  done: number;
  priority: number;
  place?: number | null;
  attempt: number;
  deaths: number;
  seed: number;
  recipe: string;
  source: string;
  created: number;
  started: number | null;
  ended: number | null;
  error: Problem | null;
  notes: (string)[];
  warnings: (Note)[];
};

export type Keyframe = {
  frame: number;
  prompt: string;
  negative?: string | null;
  seed?: number | null;
  guidance_scale?: number | null;
  hold?: number | null;
};

export type Left = {
  name: string;
  value: string;
  reason: string;
  note?: boolean;
};

export type Lora = {
  name: string;
  text?: number;
  network?: number;
};

export type Marks = {
  pictures: (number)[];
  starred?: boolean | null;
  rating?: number | null;
  trash?: boolean | null;
};

export type MemoryAnswer = {
  bytes: number;
  steps: (string)[];
  allowed: number | null;
  free: number | null;
  less: (Way)[];
};

export type ModelFacts = {
  name: string;
  title?: string | null;
  family?: string | null;
  licence?: string | null;
  size?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  digest?: string | null;
  bytes?: number | null;
  things?: boolean;
};

export type ModelList = {
  default: string;
  models: (ModelFacts)[];
  loras: (string)[];
  vae: (string)[];
  embeddings: (string)[];
  controlnet: (string)[];
};

export type MotionRequest = {
  request: Record<string, unknown>;
  first?: number;
  last?: number | null;
  side?: number;
  picture?: number | string | null;
  viewer?: string;
};

export type Move = {
  priority?: number | null;
  before?: string | null;
};

export type Named = {
  name: string;
  also: (string)[];
};

export type NamedStyle = {
  name: string;
  prompt: string;
  negative_prompt: string;
};

export type Note = {
  code: string;
  field: string;
  message: string;
  values: Record<string, string | number | (string)[]>;
  words: Record<string, (string)[]>;
};

export type Numbers = {
  pictures: (number)[];
};

export type Onset = {
  time: number;
  strength: number;
};

export type PictureAnswer = {
  id: number;
  job: string;
  index: number;
  file: string;
  thumbnail: string;
  made_from: string;
  media_type: string;
  width: number;
  height: number;
  seed: number;
  digest: string;
  recipe: string;
  prompt: string;
  model: string;
  seconds: number;
  created: number;
  name: string;
  negative_prompt: string;
  program: string;
  starred: boolean;
  rating: number;
  place: "here" | "trash" | "gone";
  removed: number | null;
  bytes: number;
  film: boolean;
};

export type PictureList = {
  pictures: (PictureAnswer)[];
  next: number | null;
  total?: number | null;
  last?: number | null;
};

export type Place = {
  offset: number | null;
  total: number;
};

export type Plan = {
  mode: string;
  total: number;
  width: number;
  height: number;
  steps: number;
  guidance_scale: number;
  sampler: string;
  schedule: string;
  seed: number;
  model: string;
  device: string;
  dtype: string;
  digest: string;
  memory: MemoryAnswer | null;
  seconds: number | null;
  disk_bytes: number;
  waits: number;
  film?: sdplay__server__plans__FilmAnswer | null;
  grid?: PlannedGrid | null;
  notes: (string)[];
  warnings: (Note)[];
};

export type PlannedAxis = {
  field: string;
  name: string;
  values: (string)[];
};

export type PlannedGrid = {
  axes: (PlannedAxis)[];
  columns: number;
  rows: number;
  blocks: number;
  cells: number;
};

export type Problem = {
  code: string;
  field?: string | null;
  value?: string | null;
  message: string;
  hint?: string;
};

export type PromptKeyAnswer = {
  frame: number;
  prompt: string;
  negative: string;
};

export type PromptPair = {
  prompt: string;
  negative_prompt?: string;
  syntax?: "a1111" | "plain";
};

export type PromptWords = {
  styles: (NamedStyle)[];
  wildcards: (string)[];
};

export type QueueAnswer = {
  paused: boolean;
  running: number;
  waiting: number;
  jobs: (JobSummary)[];
  last_event: number;
};

export type ReadChunk = {
  tokens: number;
  fragments: (Fragment)[];
};

export type ReadPart = {
  weight: number;
  readings: (Reading)[];
};

export type Reading = {
  text: string;
  steps: (number)[];
  chunks: (ReadChunk)[];
  in_pieces: ((string)[])[];
  lost: string;
};

export type SamplerList = {
  samplers: (Named)[];
};

export type Scanned = {
  found: number;
  changed: number;
  gone: number;
};

export type ScheduleList = {
  schedules: (Named)[];
};

export type Settings = {
  program: string;
  prompt: string;
  negative_prompt: string;
  mode: string;
  index?: number;
  digest?: string;
  recipe?: Record<string, unknown> | null;
  request?: Record<string, unknown> | null;
  parameters?: string | null;
  enlarged?: (Record<string, unknown>)[];
  left?: (Left)[];
};

export type SettingsFile = {
  name?: string;
  text: string;
};

export type SoundFacts = {
  seconds: number;
  peaks: (number)[];
  amp: (number)[];
  bass: (number)[];
  mid: (number)[];
  treble: (number)[];
  onsets: (Onset)[];
  beats: (number)[];
  tempo: number | null;
};

export type Status = {
  version: string;
  uptime: number;
  idle: number;
  running: (string)[];
  waiting: number;
  paused: boolean;
  listeners: number;
  loaded: boolean;
  pid: number;
};

export type Step = {
  step?: number | null;
  steps?: number | null;
  done?: number | null;
  seconds_left?: number | null;
};

export type Thing = {
  name: string;
  emoji?: (string)[];
  group?: string;
  synonyms?: (string)[];
  colour?: string | null;
};

export type ThingsOfModel = {
  things: (Thing)[];
  names?: Record<string, Record<string, number>>;
  grammar?: Record<string, unknown>;
  words?: Record<string, (string)[]>;
};

export type Txt2ImgRequest = {
  mode?: "txt2img";
  negative_prompt?: string | null;
  prompt_syntax?: "a1111" | "plain" | null;
  seed?: number | null;
  steps?: number | null;
  guidance_scale?: number | null;
  guidance_rescale?: number | null;
  quality?: "exact" | "fast" | "draft" | null;
  clip_skip?: number | null;
  sampler?: string | null;
  schedule?: string | null;
  eta?: number | null;
  width?: number | null;
  height?: number | null;
  lora?: string | (string)[] | null;
  embedding?: string | (string)[] | null;
  model?: string | null;
  vae?: string | null;
  noise?: "philox" | "torch" | null;
  control_image?: string | null;
  controlnet?: string | null;
  control_preprocessor?: "auto" | "canny" | "none" | null;
  canny_low?: number | null;
  canny_high?: number | null;
  control_scale?: number | null;
  control_start?: number | null;
  control_end?: number | null;
  prompt: string;
  num?: number | null;
  style?: string | (string)[] | null;
  anyway?: boolean | null;
  latents?: string | null;
  hires_scale?: number | null;
  hires_upscaler?: "latent" | "latent-antialiased" | "latent-bicubic" | "latent-bicubic-antialiased" | "latent-nearest" | "latent-nearest-exact" | "lanczos" | null;
  hires_steps?: number | null;
  hires_strength?: number | null;
  priority?: number | null;
  preview?: boolean | null;
  format?: "png" | "webp" | "jpeg" | "avif" | null;
};

export type UploadAnswer = {
  id: string;
  url: string;
  media_type: string;
  width: number;
  height: number;
  created: number;
};

export type UploadForm = {
  file: string;
};

export type UpscaleRequest = {
  mode: "upscale";
  picture: number | string;
  scale?: number | null;
  upscaler?: string | null;
  priority?: number | null;
};

export type UpscalerList = {
  default: string;
  upscalers: (Named)[];
};

export type VerifyRequest = {
  mode: "verify";
  picture: number | string;
  priority?: number | null;
};

export type Way = {
  bytes: number;
  steps: (string)[];
};

export type sdplay__server__http__native__films__FilmAnswer = {
  id: string;
  url: string;
  events: string;
  mode: string;
  words: string;
  width: number;
  height: number;
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  total: number;
  done: number;
  priority: number;
  place?: number | null;
  attempt: number;
  deaths: number;
  seed: number;
  recipe: string;
  source: string;
  created: number;
  started: number | null;
  ended: number | null;
  error: Problem | null;
  notes: (string)[];
  warnings: (Note)[];
  prompt: string;
  frames: number;
  first: number;
  last: number;
  fps: number;
  seconds: number;
  thumbnail: string | null;
  picture: PictureAnswer | null;
};

export type sdplay__server__plans__FilmAnswer = {
  frames: number;
  keys: number;
  cuts: number;
  drawn: number;
  segments: number;
  segment_length: number;
  network_calls: number;
  fps: number;
  seconds: number;
};
