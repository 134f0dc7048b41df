"""What the operating system says of a failure, as a person reads it."""

from __future__ import annotations

import errno

_PROBLEMS = {
    errno.ENOENT: "文件夹不存在",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EISDIR: "这是一个文件夹",
    errno.EEXIST: "该位置已有同名的文件",
    errno.ENOSPC: "磁盘空间不足",
    errno.EDQUOT: "超过了磁盘配额",
    errno.EFBIG: "文件超过允许的大小",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘是只读的",
    errno.ENAMETOOLONG: "文件名过长",
    errno.EIO: "磁盘读写出错",
    errno.ELOOP: "链接绕成了一圈",
    errno.EMFILE: "打开的文件过多",
    errno.ENFILE: "打开的文件过多",
    errno.EPIPE: "对方已经关闭",
}
# Where something was to be read, what is missing is the thing itself.
_READING = {errno.ENOENT: "没有这个文件"}


def problem(error: OSError, *, reading: bool = False) -> str:
    """What went wrong, in Chinese where the cause is a usual one; `reading`: while something was read."""
    number = error.errno or 0
    known = (_READING if reading else {}).get(number) or _PROBLEMS.get(number)
    return known or error.strerror or type(error).__name__
