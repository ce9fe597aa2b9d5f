"""What the language of templates (Jinja) says of a mistake, in Chinese."""

from __future__ import annotations

import re

__all__ = ["syntax_words"]

_PIECES = {
    "end of print statement": "}}",
    "end of statement block": "%}",
    "begin of statement block": "{%",
    "begin of print statement": "{{",
    "end of template": "文件末尾",
    "name": "一个名字",
    "name or number": "一个名字",
}
#: A pattern of what is said → the sentence; what stands in a group is a piece of the template.
_SAID: tuple[tuple[str, str], ...] = (
    (r"unexpected char '(.)' at \d+", "不能写“{0}”：引号、括号和标点要用英文的，引号要成对"),
    (r"unexpected end of template, expected '(.+?)'\.?", "没有写完，缺少“{0}”"),
    (r"Unexpected end of template\..* closed is '(.+?)'\.?", "“{{% {0} %}}”没有结束，缺少“{{% end{0} %}}”"),
    (
        r"Encountered unknown tag '(.+?)'\..* closed is '(.+?)'\.?",
        "“{{% {0} %}}”放错了地方，先要用“{{% end{1} %}}”结束",
    ),
    (r"Encountered unknown tag '((?:end|el)\w*)'.*", "“{{% {0} %}}”前面没有与它成对的开头"),
    (r"Encountered unknown tag '(.+?)'.*", "没有“{0}”这种写法，可用 if、for、include"),
    (r"Expected an expression, got '(.+?)'", "“{0}”之前没有写内容"),
    (r"expected token '(.+?)', got '(.+?)'", "“{1}”放错了地方，这里应是“{0}”"),
    (r"unexpected '(.+?)', expected '(.+?)'", "“{0}”放错了地方，这里应是“{1}”"),
    (r"expected (name or number)", "点号后面应是{0}"),
    (r"unexpected '(.+?)'", "“{0}”放错了地方"),
    (r"Missing end of comment tag", "注释没有结束，缺少“#}}”"),
)


def syntax_words(said: str) -> str:
    """Return the Chinese of what the parser says is wrong; what is not known is quoted as it stands."""
    for pattern, sentence in _SAID:
        found = re.fullmatch(pattern, said.strip(), re.DOTALL)
        if found:
            return sentence.format(*(_PIECES.get(piece, piece) for piece in found.groups()))
    return said
