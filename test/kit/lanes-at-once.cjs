// Loaded by every Node of a run: its broker opens a direct lane as soon as anything is put twice, however slow the machine is.
if (/broker[.]cjs$/.test(process.argv[1])) {
  const { emit } = process;
  process.emit = function (name, message, ...more) {
    if (name === 'message' && message.type === 'open') message.laneItems = 1;
    return emit.call(this, name, message, ...more);
  };
}
