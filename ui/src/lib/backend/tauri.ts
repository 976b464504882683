import { Channel, invoke } from '@tauri-apps/api/core';
import { open, save } from '@tauri-apps/plugin-dialog';
import { revealItemInDir } from '@tauri-apps/plugin-opener';
import { BackendError, type Backend, type Message } from './contract';

const call = async <T>(command: 'read' | 'write', name: string, args: unknown): Promise<T> => {
  try {
    return await invoke<T>(command, { name, args });
  } catch (cause) {
    throw BackendError.from(cause);
  }
};

/** The engine in the same process, over the shell's IPC. */
export const tauri: Backend = {
  read: (name, args) => call('read', name, args),
  write: (name, args) => call('write', name, args),
  watch(heard) {
    let live = true;
    const channel = new Channel<Message>();
    channel.onmessage = (message) => {
      if (live) heard(message);
    };
    void invoke('watch', { channel });
    return () => {
      live = false;
    };
  },
  pickFile: (title, filters) => open({ title, filters, multiple: false, directory: false }),
  pickFolder: (title) => open({ title, directory: true, multiple: false }),
  pickSave: (title, suggested) => save({ title, defaultPath: suggested }),
  reveal: (path) => revealItemInDir(path),
};
