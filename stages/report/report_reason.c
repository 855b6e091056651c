/* Why gates were decided as they were, in the languages of a report: a table each. */
#include "report_text.h"

static const char *const chinese[LM_REASON_KINDS] = {
    [LM_REASON_NONE] = "",
    [LM_REASON_BELOW] = "{1} 低于 {2}",
    [LM_REASON_ABOVE] = "{1} 高于 {2}",
    [LM_REASON_AT_MOST] = "{1} 不超过 {2}",
    [LM_REASON_AT_LEAST] = "{1} 不低于 {2}",
    [LM_REASON_BETWEEN] = "{1} 介于 {2} 与 {3} 之间",
    [LM_REASON_NOT_SELECTED] = "{1} 未被选中",
    [LM_REASON_FAILED] = "{1} 已失败",
    [LM_REASON_NO_RESULT] = "{1} 没有结果",
    [LM_REASON_NOT_FINITE] = "指标不是有限值",
    [LM_REASON_NO_METRIC] = "{1} 的结果中没有这个指标",
    [LM_REASON_WORSE] =
        "变差 {1} {2}（单侧 {5}% 的界为 {3} 至 {4}；覆盖 {6} 个{7}，不覆盖随机种子），"
        "{8}允许的幅度 {9}",
    [LM_REASON_BETTER] =
        "变好 {1} {2}（单侧 {5}% 的界为 {3} 至 {4}；覆盖 {6} 个{7}，不覆盖随机种子），"
        "{8}允许的幅度 {9}",
    [LM_REASON_SAME] = "每个{1}的数值都与先前相同",
    [LM_REASON_FEW] = "不足 {1} 项：没有区间",
    [LM_REASON_NO_SIZE] = "指标的分母对全部{1}合计为 0：没有区间",
    [LM_REASON_NO_ITEMS] = "没有可比较的项",
    [LM_REASON_NO_SIDE] = "该指标不分优劣；请给出 `better`",
    [LM_REASON_NO_BASELINE] = "没有基线：文件不存在；请用 lmpipe exp export 写出",
    [LM_REASON_UNREAD_BASELINE] = "没有基线：{1}",
    [LM_REASON_NO_STAGE] = "基线中没有阶段 {1}",
    [LM_REASON_NOT_PAIRED] = "无法逐项比较：{9}；请使用 min 或 max",
    [LM_REASON_NO_ITEMS_OF] = "{1} 没有 {2} 的逐项结果",
    [LM_REASON_OTHER_ITEMS] = "{1}不同：{2} 并非 {3} 与 {4} 所共有",
    [LM_REASON_OTHER_TOKENS] = "分词器不同：{1} {2} 在 {4} 中有 {3} 个词元，在 {6} 中有 {5} 个",
    [LM_REASON_OTHER_BYTES] = "文本不同：{1} {2} 在 {4} 中有 {3} 字节，在 {6} 中有 {5} 字节",
    [LM_REASON_NOT_A_NUMBER] = "{1} 中{2} {3} 没有有限的数值",
    [LM_REASON_OF_ALL_TOKENS] = "校准属于全部词元或条目整体，不是对{1}的平均",
    [LM_REASON_F1] = "F1 属于全部{1}，不是对它们的平均",
    [LM_REASON_BLEU] = "BLEU 属于整个文本，不是对{1}的平均",
    [LM_REASON_CHRF] = "chrF 属于整个文本，不是对{1}的平均",
    [LM_REASON_CORRELATION] = "相关系数属于全部{1}，不是对它们的平均",
    [LM_REASON_BY_WORDS] = "按词的困惑度不在逐项结果中；请比较 bpb",
    [LM_REASON_OVER_GROUPS] = "对各组的平均不是对各项的平均；请比较 acc",
    [LM_REASON_BY_PLACE] = "它按窗口中的位置计算，不是对{1}的平均",
    [LM_REASON_NOT_IN_ITEMS] = "它不在各{1}的记录中",
    [LM_REASON_UNKNOWN] = "不知道它是否为对各项的平均",
};

const char *const *const report_reason_phrases[REPORT_LANGUAGES] = {
    [REPORT_EN] = lm_reason_phrases,
    [REPORT_ZH] = chinese,
};

const char *report_reason(const struct report *report, const struct lm_reason *reason)
{
    struct lm_reason own = *reason;
    for (size_t i = 0; i < LM_PHRASE_PLACES; i++)
        if (own.parts[i] != NULL && lm_reason_is_word(own.kind, i))
            own.parts[i] = report_word(report, own.parts[i]);
    const char *text = lm_reason_say(report->arena, &own, report_reason_phrases[report->language]);
    if (text == NULL)
        *report->lacks_memory = true;
    return text != NULL ? text : "";
}
