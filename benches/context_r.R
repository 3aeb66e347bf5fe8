# Run conText 3 on its own sample data, and write its inputs and results for benches/context_r.py.
#
#     Rscript benches/context_r.R FOLDER
#
# It needs R with conText and the libraries that conText imports. The data are part of conText.
suppressMessages({library(conText); library(quanteda)})
out <- paste0(commandArgs(TRUE)[1], "/")
dir.create(out, showWarnings = FALSE)
numbers <- function(x, name) write.csv(as.matrix(x), paste0(out, name, ".csv"))
texts <- function(x, name) writeLines(jsonlite::toJSON(x), paste0(out, name, ".json"))
counts <- function(x, name) {
  x <- as(x, "TsparseMatrix")
  write.csv(data.frame(i = x@i, j = x@j, x = x@x), paste0(out, "fcm", name, ".csv"), row.names = FALSE)
  texts(rownames(x), paste0("fcm_words", name))
}
window <- function(x) fcm(x, context = "window", window = 6, count = "frequency", tri = FALSE)

toks <- tokens(cr_sample_corpus)
texts(as.list(toks), "tokens")
write.csv(docvars(toks), paste0(out, "docvars.csv"), row.names = FALSE)
numbers(cr_glove_subset, "glove")
numbers(cr_transform, "transform")

contexts <- tokens_context(toks, pattern = "immigr*", window = 6L, verbose = FALSE)
found <- dem(dfm(contexts, tolower = FALSE), pre_trained = cr_glove_subset, transform = TRUE,
             transform_matrix = cr_transform, verbose = FALSE)
numbers(found, "dem")
groups <- dem_group(found, groups = found@docvars$party)
numbers(groups, "dem_group")
write.csv(nns(groups, N = 10, pre_trained = cr_glove_subset, candidates = found@features,
              as_list = FALSE), paste0(out, "nns.csv"))
write.csv(cos_sim(groups, pre_trained = cr_glove_subset, features = c("reform", "enforce"),
                  as_list = FALSE), paste0(out, "cos_sim.csv"))
write.csv(nns_ratio(groups, N = 10, numerator = "R", candidates = found@features,
                    pre_trained = cr_glove_subset, verbose = FALSE), paste0(out, "nns_ratio.csv"))
whole <- window(toks)
counts(whole, "")
texts(unname(whole@meta$object$margin), "fcm_margin")
for (weighting in list("log", 5))
  numbers(compute_transform(whole, cr_glove_subset, weighting = weighting),
          paste0("transform_", weighting))
features <- lapply(c("D", "R"), function(party_) {
  part <- window(tokens_subset(toks, party == party_))
  counts(part, paste0("_", party_))
  fem(part, pre_trained = cr_glove_subset, transform = TRUE, transform_matrix = cr_transform,
      verbose = FALSE)
})
write.csv(feature_sim(features[[1]], features[[2]]), paste0(out, "feature_sim.csv"))

docvars(toks, "speaker") <- rep(1:40, length.out = ndoc(toks))
regress <- function(name, what, formula, data = toks, ...) {
  taken <- system.time(model <- conText(
    formula, data = data, pre_trained = cr_glove_subset, transform = TRUE,
    transform_matrix = cr_transform, window = 6, case_insensitive = TRUE, verbose = FALSE, ...))
  cat(what, taken[c(1, 3)], "CPU and elapsed seconds\n")
  write.csv(model@normed_coefficients, paste0(out, name, ".csv"))
  numbers(model, paste0(name, "_beta"))
}
regress("m2", "100 permutations", immigration ~ party + gender,
        jackknife = FALSE, permute = TRUE, num_permutations = 100)
regress("m3", "clusters, jackknife, 100 permutations", immigration ~ party + gender,
        jackknife = TRUE, cluster_variable = "speaker", permute = TRUE, num_permutations = 100)
# One covariate, and few contexts: it takes a minute or two.
regress("m4", "1 covariate, every 5th document, jackknife", immigration ~ party,
        data = toks[seq(1, ndoc(toks), 5)], jackknife = TRUE, permute = FALSE)
contexts <- tokens_context(toks, pattern = "immigration", window = 6L, verbose = FALSE)
taken <- system.time(get_nns(
  contexts, N = 10, groups = docvars(contexts, "party"), pre_trained = cr_glove_subset,
  transform = TRUE, transform_matrix = cr_transform, bootstrap = TRUE, num_bootstraps = 100,
  as_list = FALSE))
cat("nearest neighbours, 100 bootstraps", taken[c(1, 3)], "CPU and elapsed seconds\n")
# conText refits for each of the 924 contexts: at 2 seconds each, it takes half an hour.
regress("m1", "jackknife", immigration ~ party + gender + nominate_dim1,
        jackknife = TRUE, permute = FALSE)
