/** What views are written with: preact, its hooks and signals, and htm in place of a compiler. */

import {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "../vendor/hooks.js";
import { htm } from "../vendor/htm.js";
import { createContext, createPortal, Fragment, h, render } from "../vendor/preact.js";
import {
  batch,
  computed,
  effect,
  signal,
  untracked,
  useComputed,
  useSignal,
  useSignalEffect,
} from "../vendor/signals.js";

/** Markup as a tagged template: `html\`<p class="x">${words}</p>\``. Text is always text, never markup. */
export const html = htm.bind(h);
export {
  batch,
  computed,
  createContext,
  createPortal,
  effect,
  Fragment,
  h,
  render,
  signal,
  untracked,
  useCallback,
  useComputed,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useSignal,
  useSignalEffect,
  useState,
};
